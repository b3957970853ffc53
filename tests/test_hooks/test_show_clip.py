"""Pictures of clips."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample

from mmadapt.hooks.show_clip import BAR, ShowClipHook, strip_of


def clip(frames: int = 5) -> torch.Tensor:
    """Two views ``(2, 3, T, 4, 64)``; frame t of the first has the value 10 t."""
    ramp = 10.0 * torch.arange(frames).view(1, 1, frames, 1, 1)
    return ramp.expand(1, 3, frames, 4, 64).repeat(2, 1, 1, 1, 1) + torch.tensor(
        [0.0, 100.0]
    ).view(2, 1, 1, 1, 1)


def test_strip_is_evenly_spaced_frames_of_the_first_view() -> None:
    strip = strip_of(clip(9), ['a', 'b'], frames=3)
    assert strip.shape == (2 * BAR + 4, 420, 3)
    assert strip.dtype == np.uint8
    row = strip[2 * BAR :]
    assert [row[0, 64 * i, 0] for i in range(3)] == [0, 40, 80]
    assert strip[: 2 * BAR].max() == 255  # there is text


def test_one_view_without_the_axis() -> None:
    several = strip_of(clip(), ['a'], frames=5)
    assert (strip_of(clip()[0], ['a'], frames=5) == several).all()


def runner(rank: int = 0, world: int = 1) -> Any:
    dataset = SimpleNamespace(metainfo={'classes': ('left', 'right')})
    loader = SimpleNamespace(dataset=dataset, batch_size=2)
    loop = SimpleNamespace(dataloader=loader)
    return SimpleNamespace(test_loop=loop, rank=rank, world_size=world)


def sample() -> ActionDataSample:
    made = ActionDataSample()
    made.set_gt_label(0)
    made.set_pred_label(torch.tensor(1))
    return made


@pytest.mark.parametrize(
    ('rank', 'world', 'names'),
    [(0, 1, ['clip_0.png', 'clip_3.png']), (1, 2, ['clip_1.png', 'clip_7.png'])],
)
def test_every_third_sample_is_written(
    tmp_path: Path, rank: int, world: int, names: list[str]
) -> None:
    hook = ShowClipHook(interval=3, out_dir=str(tmp_path / 'shown'))
    batch = {'inputs': [clip(), clip()]}
    for index in range(2):
        hook.after_test_iter(runner(rank, world), index, batch, [sample(), sample()])
    assert sorted(p.name for p in (tmp_path / 'shown').iterdir()) == names
    written = cv2.imread(str(tmp_path / 'shown' / names[0]))[..., ::-1]
    lines = ['true: left', 'predicted: right']
    assert (written == strip_of(clip(), lines, frames=8)).all()


def test_disabled(tmp_path: Path) -> None:
    hook = ShowClipHook(enable=False, out_dir=str(tmp_path / 'shown'))
    hook.after_test_iter(runner(), 0, {'inputs': [clip()]}, [sample()])
    assert not (tmp_path / 'shown').exists()
