"""The trunks of transformers, where it is installed."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    Dinov2Config,
    Dinov2Model,
    VideoMAEConfig,
    VideoMAEModel,
    ViTConfig,
    ViTModel,
)
from transformers.models.dinov2.modeling_dinov2 import Dinov2Layer
from transformers.models.videomae.modeling_videomae import VideoMAELayer
from transformers.models.vit.modeling_vit import ViTLayer

from .case import HostCase, image_input, video_input

COMMON = {
    'image_size': 32,
    'patch_size': 8,
    'hidden_size': 48,
    'num_hidden_layers': 2,
    'num_attention_heads': 4,
    'intermediate_size': 96,
}


class Tokens(nn.Module):
    """A model of transformers that returns its last tokens."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x).last_hidden_state


def build(
    model: type[nn.Module],
    config: type[Any],
    defaults: dict[str, Any],
    with_cp: bool = False,
    **options: Any,
) -> nn.Module:
    """A tiny model of that class, no two parameters alike."""
    built = model(config(**{**COMMON, **defaults, **options}))
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in built.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.add_(noise * 0.1)
    if with_cp:
        built.gradient_checkpointing_enable()
    return Tokens(built.train())


VIDEO = {'num_frames': 4, 'tubelet_size': 2, 'use_mean_pooling': False}
DROP = {'drop_path_rate': 0.999}
NORMS = {'norm': 'layernorm_after', 'attn_norm': 'layernorm_before'}


def frames_first() -> Tensor:
    """Clips ``(B, T, 3, H, W)``."""
    return video_input().transpose(1, 2)


CASES = [
    HostCase(
        ViTLayer,
        partial(build, ViTModel, ViTConfig, {}),
        image_input,
        with_cp={'with_cp': True},
        **NORMS,
    ),
    HostCase(
        VideoMAELayer,
        partial(build, VideoMAEModel, VideoMAEConfig, VIDEO),
        frames_first,
        with_cp={'with_cp': True},
        **NORMS,
    ),
    HostCase(
        Dinov2Layer,
        partial(build, Dinov2Model, Dinov2Config, {'layerscale_value': 0.5}),
        image_input,
        drop_path=DROP,
        with_cp={'with_cp': True},
    ),
]
