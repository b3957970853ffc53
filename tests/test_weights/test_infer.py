"""The size of a ViT, told from files whose size is known."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from mmpretrain.models.backbones import VisionTransformer

from mmadapt.errors import ConfigError, WeightsError
from mmadapt.weights import infer_vit_arch

from ..helpers import build_video_vit
from . import foreign

SIZE: dict[str, Any] = {
    'embed_dims': 48,
    'num_layers': 2,
    'num_heads': 4,
    'feedforward_channels': 96,
    'patch_size': 8,
    'img_size': 32,
}


@pytest.mark.parametrize('wrap', [dict, foreign.official])
def test_image_files(wrap: Any) -> None:
    assert infer_vit_arch({'model': wrap(foreign.timm_state())}, 4) == SIZE


def test_files_of_clips_have_no_image_size() -> None:
    expected = {**SIZE, 'img_size': None}
    assert infer_vit_arch(foreign.videomae_state(), 4) == expected
    pretraining = foreign.pretraining(foreign.videomae_state())
    assert infer_vit_arch(pretraining, 4) == expected
    assert infer_vit_arch(build_video_vit().state_dict(), 4) == expected


@pytest.mark.parametrize('arch', ['deit-tiny', 'deit-small', 'small', 'base'])
def test_published_sizes_are_known(arch: str) -> None:
    """Independent: the sizes that MMPretrain lists under these names."""
    with torch.device('meta'):
        state = VisionTransformer(arch=arch, patch_size=32, img_size=64).state_dict()
    found = infer_vit_arch(state)
    size = {'patch_size': 32, 'img_size': 64}
    assert found == {**VisionTransformer.arch_zoo[arch], **size}


def test_the_number_of_heads_is_asked_for() -> None:
    with pytest.raises(ConfigError, match=r'width 48 and depth 2.*num_heads'):
        infer_vit_arch(foreign.timm_state())
    with pytest.raises(ConfigError, match='num_heads=5 does not divide the width 48'):
        infer_vit_arch(foreign.timm_state(), 5)


def test_a_file_of_another_network() -> None:
    with pytest.raises(WeightsError, match=r'conv1\.weight'):
        infer_vit_arch({'conv1.weight': torch.zeros(3)})
