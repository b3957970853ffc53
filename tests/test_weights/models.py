"""What the tests of weights load into, and how they compare it."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.registry import MODELS, DefaultScope
from torch import Tensor, nn

from mmadapt import adapt

from ..helpers import build_image_vit, image_input, video_input


def snapshot(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(model: nn.Module, before: dict[str, Tensor]) -> bool:
    after = model.state_dict()
    return all(torch.equal(after[name], before[name]) for name in before)


def whole_model(classes: int) -> nn.Module:
    """The children of an ImageClassifier, by their names."""
    model = nn.Module()
    adapter = {'bottleneck': 8, 'scale': 'learnable', 'norm': 'in'}
    model.backbone = adapt(build_image_vit(), adapter)
    model.neck = nn.Module()
    model.neck.bn = nn.BatchNorm1d(48, affine=False)
    model.head = nn.Module()
    model.head.fc = nn.Linear(48, classes)
    return model


def image_model(trunk: str | None, **options: Any) -> dict[str, Any]:
    arch = {
        'embed_dims': 48,
        'num_layers': 2,
        'num_heads': 4,
        'feedforward_channels': 96,
    }
    return {
        'type': 'ImageClassifier',
        'backbone': {
            'type': 'AdaptFormerViT',
            'arch': arch,
            'img_size': 32,
            'patch_size': 8,
            'init_cfg': {'type': 'PretrainedTrunk', 'checkpoint': trunk},
            **options,
        },
        'neck': {'type': 'ClsBatchNormNeck', 'input_features': 48},
        'head': {'type': 'LinearClsHead', 'num_classes': 5, 'in_channels': 48},
    }


def video_model(trunk: str | None, **options: Any) -> dict[str, Any]:
    return {
        'type': 'Recognizer3D',
        'backbone': {
            'type': 'AdaptFormerViT',
            'img_size': 32,
            'patch_size': 8,
            'embed_dims': 48,
            'depth': 2,
            'num_heads': 4,
            'mlp_ratio': 2,
            'num_frames': 4,
            'trainable': ['fc_norm'],
            'init_cfg': {'type': 'PretrainedTrunk', 'checkpoint': trunk},
            **options,
        },
        'cls_head': {'type': 'BNLinearHead', 'num_classes': 5, 'in_channels': 48},
    }


def build(config: dict[str, Any]) -> nn.Module:
    scope = 'mmaction' if 'cls_head' in config else 'mmpretrain'
    with DefaultScope.overwrite_default_scope(scope):
        model = MODELS.build(config)
    model.eval()
    return model


def output(model: nn.Module) -> torch.Tensor:
    with torch.no_grad():
        if hasattr(model, 'cls_head'):
            return model.cls_head(model.backbone(video_input()))
        return model.head(model.neck(model.backbone(image_input())))
