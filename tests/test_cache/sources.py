"""A tiny image model and samples, from which activations are kept."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from mmengine.dataset import BaseDataset, pseudo_collate
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch.utils.data import DataLoader

import mmadapt  # noqa: F401 - registers the backbones
from mmadapt.cache import find_boundary
from mmadapt.cache.replay import let_by
from mmadapt.cache.source import Source

ARCH = {'embed_dims': 16, 'num_layers': 4, 'num_heads': 2, 'feedforward_channels': 32}
VIT = {
    'type': 'AdaptFormerViT',
    'arch': ARCH,
    'img_size': 16,
    'patch_size': 8,
    'adapter': {'bottleneck': 4, 'layers': [-1]},
    'init_cfg': {'type': 'RandomTrunk', 'seed': 0},
}


class Noise(BaseDataset):
    """Images of one colour each, to which a random pipeline adds noise.

    Args:
        count: Samples.
        noise: Whether there is one.
    """

    def __init__(self, count: int = 4, noise: bool = False) -> None:
        self.count, self.noise = count, noise
        super().__init__(metainfo={'classes': ('a',)})

    def load_data_list(self) -> list[dict[str, Any]]:
        """One entry a sample."""
        return [{'index': index} for index in range(self.count)]

    def prepare_data(self, idx: int) -> dict[str, Any]:
        """A sample."""
        image = torch.full((3, 16, 16), 20 * idx, dtype=torch.uint8)
        if self.noise:
            image += np.random.randint(0, 20, (3, 16, 16), dtype=np.uint8)
        return {'inputs': image, 'data_samples': DataSample().set_gt_label(idx)}


def make_source(
    options: dict[str, Any] | None = None, dataset: Any = None, **more: Any
) -> Source:
    """A source of a classifier.

    Args:
        options: Of the backbone, over those of :data:`VIT`.
        dataset: In place of four samples without noise.
        more: Of the source.
    """
    backbone = options if 'type' in (options or {}) else {**VIT, **(options or {})}
    config = {
        'type': 'ImageClassifier',
        'backbone': backbone,
        'head': {'type': 'LinearClsHead', 'num_classes': 2, 'in_channels': 16},
        'data_preprocessor': {'type': 'ClsDataPreprocessor'},
    }
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(config)
    let_by(model.data_preprocessor)
    data = Noise() if dataset is None else dataset
    loader = DataLoader(data, batch_size=2, collate_fn=pseudo_collate)
    options = {'context': nullcontext, **more}
    return Source(model, find_boundary(model.backbone), data, loader, **options)
