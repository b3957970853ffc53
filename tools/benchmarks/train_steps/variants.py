"""The ways to run a step, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from mmadapt.adapters import Adapter

from .official import OfficialViT
from .shape import FLASH, STORED, Shape

BOTTLENECK = 64
OFFICIAL = 'official'


@dataclass(frozen=True)
class Variant:
    """One way.

    Attributes:
        says: What it is, for the table.
        layers: In how many of the last blocks adapters stand.
        options: Of ``AdaptFormerViT``.
        full: Whether the trunk trains.
        bf16: Whether under autocast to bfloat16.
        compiled: Whether a compiler is at work, whose warm-up is told apart.
        whole: Whether ``torch.compile`` gets the whole model.
        attention: Of its backward pass.
        only: ``'image'`` or ``'video'`` where it is for one alone.
    """

    says: str
    layers: int = 12
    options: Mapping[str, Any] = field(default_factory=dict)
    full: bool = False
    bf16: bool = False
    compiled: bool = False
    whole: bool = False
    attention: int = FLASH
    only: str = ''


VARIANTS = {
    OFFICIAL: Variant("the paper's equations, transcribed", attention=STORED),
    'eager': Variant(
        "attention='eager'",
        options={'attention': 'eager'},
        attention=STORED,
        only='video',
    ),
    'plain': Variant('AdaptFormerViT as it is'),
    'all-rows': Variant('class_row=False', options={'class_row': False}, only='image'),
    'all-tokens': Variant('mean_row=False', options={'mean_row': False}, only='video'),
    'torch-linear': Variant("cpu_linear='torch'", options={'cpu_linear': 'torch'}),
    'fused': Variant('fused_mlp=True', options={'fused_mlp': True}),
    'mlp': Variant("recompute='mlp'", options={'recompute': 'mlp'}),
    'mlp+qkv': Variant("recompute='mlp+qkv'", options={'recompute': 'mlp+qkv'}),
    'block': Variant("recompute='block'", options={'recompute': 'block'}),
    'last-6': Variant('adapters in the last 6 blocks', layers=6),
    'last-3': Variant('adapters in the last 3 blocks', layers=3),
    'last-1': Variant('an adapter in the last block', layers=1),
    'linear': Variant('linear probing, features computed', layers=0),
    'full': Variant('full fine-tuning', layers=0, full=True),
    'bf16': Variant('bfloat16 autocast', bf16=True),
    'bf16-stored': Variant(
        "bfloat16 autocast, frozen_dtype='bfloat16'",
        options={'frozen_dtype': 'bfloat16'},
        bf16=True,
    ),
    'compiled': Variant(
        'compile_blocks=True', options={'compile_blocks': True}, compiled=True
    ),
    'compiled-bf16': Variant(
        'compile_blocks=True, bfloat16 autocast',
        options={'compile_blocks': True},
        bf16=True,
        compiled=True,
    ),
    'compiled-whole': Variant(
        'torch.compile of the whole model', compiled=True, whole=True
    ),
}


def names_for(shape: Shape) -> list[str]:
    """The variants that a sample can be run by, those that compile left out."""
    kind = 'video' if shape.frames else 'image'
    return [
        name
        for name, variant in VARIANTS.items()
        if variant.only in ('', kind) and not variant.compiled
    ]


class Model(nn.Module):
    """A backbone and a linear layer for 100 classes."""

    def __init__(self, backbone: nn.Module, width: int) -> None:
        super().__init__()
        self.backbone, self.head = backbone, nn.Linear(width, 100)

    def forward(self, x: Tensor) -> Tensor:
        """The loss of a batch whose samples are all of class 0."""
        feature = self.backbone(x)
        feature = feature[-1] if isinstance(feature, tuple) else feature
        labels = torch.zeros(len(x), dtype=torch.long, device=x.device)
        return nn.functional.cross_entropy(self.head(feature), labels)


def build(name: str, shape: Shape, trunk: nn.Module | None = None) -> Model:
    """A variant's model with random weights, in training mode.

    Args:
        name: Of the variant.
        shape: What it is to read.
        trunk: Another variant's backbone, whose weights it shares where they are of
            one name and kind, so that many fit into memory.
    """
    variant = VARIANTS[name]
    if name == OFFICIAL:
        backbone: nn.Module = OfficialViT(shape, BOTTLENECK)
    else:
        backbone = adapted(variant, shape)
    for module in backbone.modules():
        if isinstance(module, Adapter):
            nn.init.trunc_normal_(module.up.weight, std=0.02)  # type: ignore[arg-type]
    shared = dict(trunk.named_parameters()) if trunk is not None else {}
    for own, parameter in backbone.named_parameters():
        if own in shared and shared[own].dtype is parameter.dtype:
            parameter.data = shared[own].data
    return Model(backbone, shape.width).train()


def adapted(variant: Variant, shape: Shape) -> nn.Module:
    """Our backbone."""
    layers = list(range(-min(variant.layers, shape.depth), 0))
    options = {
        'type': 'AdaptFormerViT',
        'img_size': 224,
        'patch_size': 16,
        'adapter': {'bottleneck': BOTTLENECK, 'layers': layers} if layers else None,
        'trainable': 'all' if variant.full else (),
        'init_cfg': None,
        **variant.options,
    }
    if shape.frames:
        from mmaction.registry import MODELS

        arch: dict[str, Any] = {
            'embed_dims': shape.width,
            'depth': shape.depth,
            'num_heads': shape.heads,
            'mlp_ratio': 4,
            'num_frames': shape.frames,
        }
        scope = 'mmaction'
    else:
        from mmpretrain.registry import MODELS

        arch, scope = {'arch': 'base'}, 'mmpretrain'
    with DefaultScope.overwrite_default_scope(scope):
        backbone: nn.Module = MODELS.build({**options, **arch})
    return backbone


def make_input(shape: Shape, device: str) -> Tensor:
    """Random images ``(B, 3, H, W)``, or clips with frames before the height."""
    frames = (shape.frames,) if shape.frames else ()
    return torch.randn(shape.batch, 3, *frames, 224, 224, device=device)
