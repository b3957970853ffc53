"""An adapted trunk under a model of another library, which reads several scales."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.model import BaseModel
from mmengine.registry import MODELS as ROOT
from mmengine.registry import DefaultScope, Registry
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.utils.data import DataLoader

import mmadapt  # noqa: F401
from mmadapt.adapt import adapter_prefixes

DENSE = Registry('model', parent=ROOT, scope='dense', locations=[])
"""Stands for the registry of MMSegmentation or MMDetection."""

SWIN = {
    'type': 'mmpretrain.SwinTransformer',
    'arch': {'embed_dims': 24, 'depths': [2, 2, 2, 2], 'num_heads': [1, 2, 4, 8]},
    'img_size': 64,
    'pad_small_map': True,
    'out_indices': (0, 1, 2, 3),
}
VIT = {
    'type': 'mmpretrain.VisionTransformer',
    'arch': {
        'embed_dims': 48,
        'num_layers': 4,
        'num_heads': 4,
        'feedforward_channels': 96,
    },
    'img_size': 64,
    'patch_size': 16,
    'out_type': 'featmap',
    'out_indices': (0, 1, 2, 3),
}


@DENSE.register_module()
class Segmentor(BaseModel):
    """All scales, brought to one size and classified pixel by pixel."""

    def __init__(self, backbone: dict[str, Any], widths: list[int]) -> None:
        super().__init__()
        self.backbone = DENSE.build(backbone)
        self.laterals = nn.ModuleList(nn.Conv2d(width, 8, 1) for width in widths)
        self.classify = nn.Conv2d(8, 3, 1)

    def forward(
        self, inputs: Tensor, labels: Tensor, mode: str = 'loss'
    ) -> dict[str, Tensor]:
        scales = self.backbone(inputs)
        maps = [
            nn.functional.interpolate(lateral(scale), labels.shape[-2:])
            for lateral, scale in zip(self.laterals, scales, strict=True)
        ]
        return {'loss': nn.functional.cross_entropy(self.classify(sum(maps)), labels)}


def as_inputs(batch: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    return batch[0]


def build(inner: dict[str, Any], widths: list[int]) -> BaseModel:
    backbone = {
        'type': 'mmpretrain.AdaptedBackbone',
        'backbone': inner,
        'adapter': {'bottleneck': '1/4', 'init': 'normal'},
        'init_cfg': {'type': 'RandomTrunk'},
    }
    with DefaultScope.overwrite_default_scope('dense'):
        return DENSE.build(
            ConfigDict(type='Segmentor', backbone=backbone, widths=widths)
        )


@pytest.mark.parametrize(
    ('inner', 'widths', 'count'),
    [(SWIN, [24, 48, 96, 192], 8), (VIT, [48] * 4, 4)],
    ids=['swin', 'vit'],
)
def test_one_iteration_trains_adapters_and_head_alone(
    inner: dict[str, Any], widths: list[int], count: int, tmp_path: Path
) -> None:
    model = build(inner, widths)
    batch = {
        'inputs': torch.randn(2, 3, 64, 64),
        'labels': torch.randint(3, (2, 16, 16)),
    }
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    runner = Runner(
        model,
        str(tmp_path),
        train_dataloader=DataLoader([batch], collate_fn=as_inputs),
        train_cfg={'by_epoch': False, 'max_iters': 1},
        optim_wrapper={'optimizer': {'type': 'SGD', 'lr': 0.1}},
        experiment_name=f'dense_{tmp_path.name}',
    )
    runner.train()
    adapters = [f'backbone.{name}.' for name in adapter_prefixes(model.backbone)]
    assert len(adapters) == count
    learning = ('laterals.', 'classify.', *adapters)
    for name, tensor in model.state_dict().items():
        changed = not torch.equal(tensor, before[name])
        assert changed == name.startswith(learning), name
