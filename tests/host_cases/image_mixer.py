"""MLP-Mixer of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.mlp_mixer import MixerBlock, MlpMixer
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """Two blocks, 48 wide."""
    arch = {
        'embed_dims': 48,
        'num_layers': 2,
        'tokens_mlp_dims': 24,
        'channels_mlp_dims': 96,
    }
    merged = {'arch': arch, 'img_size': 32, 'patch_size': 8, **options}
    return initialised(MlpMixer(**merged))


CASES = [
    HostCase(
        MixerBlock,
        build,
        image_input,
        norm='ln2',
        attn_norm='ln1',
        drop_path={'drop_path_rate': 0.999},
    )
]
