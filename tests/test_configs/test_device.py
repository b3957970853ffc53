"""Whole models at full size where weights and data are on a GPU."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmadapt.config import load_config
from tests.fake_gpu import GPU, run_there, there

from .test_build import CONFIGS, build


def batch(model: nn.Module, video: bool, sample: Any, training: bool) -> dict[str, Any]:
    """Two black samples, as the data preprocessor hands them on, on the GPU."""
    shape = (1, 3, 8, 224, 224) if video else (3, 224, 224)
    inputs = [torch.zeros(shape, dtype=torch.uint8)] * 2
    content = {'inputs': inputs, 'data_samples': [sample.clone() for _ in inputs]}
    data = model.data_preprocessor(content, training)
    for each in data['data_samples']:
        for key, value in each.items():
            if isinstance(value, Tensor):
                each.set_field(there(value), key)
    return {'inputs': there(data['inputs']), 'data_samples': data['data_samples']}


ONE, FIVE = DataSample().set_gt_label(0), DataSample().set_gt_score(torch.zeros(5))


@pytest.mark.parametrize(
    ('name', 'sample'),
    [
        ('adaptformer_cifar100', ONE),
        ('adaptformer_imagenet', ONE),
        ('adaptformer_image_multilabel', FIVE),
        ('backbones/swin_adaptformer_cifar100', ONE),
    ],
)
def test_loss_of_images(name: str, sample: DataSample) -> None:
    model = build(load_config(CONFIGS / f'{name}.py'))
    data = batch(model, video=False, sample=sample, training=True)
    losses = run_there(model, True, **data, mode='loss')
    assert losses['loss'].device.type == GPU


@pytest.mark.parametrize(
    'name', ['adaptformer_ssv2', 'backbones/video-swin_adaptformer_hmdb51']
)
def test_scores_of_clips(name: str) -> None:
    model = build(load_config(CONFIGS / f'{name}.py'))
    data = batch(model, True, ActionDataSample().set_gt_label(0), training=False)
    for sample in run_there(model, False, **data, mode='predict'):
        assert sample.pred_score.device.type == GPU
