"""Pictures of images under test-time augmentation."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from mmpretrain.engine.hooks import VisualizationHook

from mmadapt.hooks.show_image import ShowImageHook


class Drawn:
    """Stands for the visualizer: keeps what it is given."""

    def __init__(self) -> None:
        self.images: list[Any] = []

    def visualize_cls(self, image: Any, *args: Any, **options: Any) -> None:
        self.images.append(image)


def draw(cls: type[VisualizationHook], inputs: Any) -> list[Any]:
    drawn = Drawn()
    hook = cls.__new__(cls)
    hook.__dict__.update(
        enable=True, interval=1, out_dir=None, draw_args={}, _visualizer=drawn
    )
    hook._draw_samples(0, {'inputs': inputs}, [{}, {}])
    return drawn.images


VIEW = 100 * torch.arange(2.0).view(2, 1, 1, 1).expand(2, 3, 4, 4)


def test_upstream_fails_on_several_views() -> None:
    with pytest.raises(RuntimeError, match='permute'):
        draw(VisualizationHook, [VIEW, VIEW])


@pytest.mark.parametrize('inputs', [VIEW, [VIEW, VIEW + 7], list(VIEW)])
def test_first_view_of_each_sample_is_drawn(inputs: Any) -> None:
    images = draw(ShowImageHook, inputs)
    assert [int(image.min()) for image in images] == [0, 100]
    assert images[0].shape == (4, 4, 3)
