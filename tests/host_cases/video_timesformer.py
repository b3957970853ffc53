"""TimeSformer of MMAction2, with divided and with joint attention."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from mmaction.models.backbones.timesformer import TimeSformer
from mmcv.cnn.bricks.transformer import BaseTransformerLayer
from mmengine.registry import DefaultScope
from torch import nn

from .case import HostCase, initialised, video_input


def build(attention_type: str, drop_prob: float = 0.0, **options: Any) -> nn.Module:
    """Two layers, 48 wide; 4 frames of 16 patches."""
    merged = {
        'num_frames': 4,
        'img_size': 32,
        'patch_size': 8,
        'embed_dims': 48,
        'num_heads': 4,
        'num_transformer_layers': 2,
        'attention_type': attention_type,
        **options,
    }
    # mmcv looks for the attentions in the default scope, which a config sets.
    with DefaultScope.overwrite_default_scope('mmaction'):
        backbone = initialised(TimeSformer(**merged))
    generator = torch.Generator().manual_seed(2)
    for name, module in backbone.named_modules():
        if name.endswith('temporal_fc'):  # upstream starts it at zero
            nn.init.normal_(module.weight, std=0.1, generator=generator)
        if name.endswith('ffns.0.dropout_layer'):
            module.drop_prob = drop_prob
    # Over the transposed tokens of mmcv's attention torch.matmul adds up in another
    # order where its weight requires a gradient: freezing alone moves the last bit.
    return backbone.requires_grad_(False)


CASES = [
    HostCase(
        BaseTransformerLayer,
        partial(build, attention_type),
        video_input,
        norm=norm,
        drop_path={'drop_prob': 0.999},
    )
    for attention_type, norm in {
        'divided_space_time': 'ffns.0.norm',
        'joint_space_time': 'norms.1',
        'space_only': 'norms.1',
    }.items()
]
