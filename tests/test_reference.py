"""Vectors that the authors' public code wrote: ours must compute the same.

The files are from a tiny model with random weights (embed 32, depth 3, 4 heads,
patch 8, 7 classes, bottleneck 8, scale 0.1), run in float32 on CPU. They hold the
official state dict, input, features, logits, gradients, and five losses of SGD.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mmadapt.weights import load_weights

DATA = Path(__file__).parent / 'data'
ADAPTER = {'bottleneck': 8}
CASES = {
    'image_parallel_none': ADAPTER,
    'image_sequential_none': {**ADAPTER, 'mode': 'sequential'},
    'image_vpt': {'type': 'VPT', 'num_tokens': 5},
    'video_parallel_none': ADAPTER,
    'video_linear': None,
}


def build_image(adapter: dict[str, Any] | None) -> nn.Module:
    from mmpretrain.registry import MODELS

    arch = {
        'embed_dims': 32,
        'num_layers': 3,
        'num_heads': 4,
        'feedforward_channels': 128,
    }
    backbone = {
        'type': 'AdaptFormerViT',
        'arch': arch,
        'img_size': 32,
        'patch_size': 8,
        'adapter': adapter,
        'init_cfg': {'type': 'RandomTrunk'},
    }
    neck = {'type': 'ClsBatchNormNeck', 'input_features': 32}
    head = {'type': 'LinearClsHead', 'num_classes': 7, 'in_channels': 32}
    config = {
        'type': 'ImageClassifier',
        'backbone': backbone,
        'neck': neck,
        'head': head,
    }
    return MODELS.build({'_scope_': 'mmpretrain', **config})


def build_video(adapter: dict[str, Any] | None) -> nn.Module:
    from mmaction.registry import MODELS

    backbone = {
        'type': 'AdaptFormerViT',
        'img_size': 32,
        'patch_size': 8,
        'embed_dims': 32,
        'depth': 3,
        'num_heads': 4,
        'num_frames': 4,
        'adapter': adapter,
        'trainable': ['fc_norm'],
        'init_cfg': {'type': 'RandomTrunk'},
    }
    head = {'type': 'BNLinearHead', 'num_classes': 7, 'in_channels': 32}
    config = {'type': 'Recognizer3D', 'backbone': backbone, 'cls_head': head}
    return MODELS.build({'_scope_': 'mmaction', **config})


class Case:
    """One reference file, and our model with its weights."""

    def __init__(self, name: str) -> None:
        arrays = np.load(DATA / f'{name}.npz')
        self.data = {key: torch.from_numpy(arrays[key]) for key in arrays.files}
        self.video = name.startswith('video')
        build = build_video if self.video else build_image
        self.model = build(CASES[name])
        self.report = load_weights(self.model, self.part('state/'))
        self.model.eval()

    def part(self, prefix: str) -> dict[str, Tensor]:
        return {
            k[len(prefix) :]: v for k, v in self.data.items() if k.startswith(prefix)
        }

    def features(self) -> Tensor:
        output = self.model.backbone(self.data['input'])
        return output if self.video else output[-1]

    def logits(self) -> Tensor:
        if self.video:
            return self.model.cls_head(self.features())
        return self.model.head(self.model.neck((self.features(),)))

    def loss(self) -> Tensor:
        return nn.functional.cross_entropy(self.logits(), self.data['label'].long())

    def trainable(self) -> dict[str, nn.Parameter]:
        parameters = dict(self.model.named_parameters())
        return {name: p for name, p in parameters.items() if p.requires_grad}


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


def test_every_official_tensor_is_used(case: Case) -> None:
    ignored = {'head.0.num_batches_tracked'}
    assert set(case.report.unexpected) <= ignored
    assert case.report.missing == []


@torch.no_grad()
def test_features_and_logits(case: Case) -> None:
    tolerance = {'atol': 1e-5, 'rtol': 1e-5}
    assert torch.allclose(case.features(), case.data['features'], **tolerance)
    assert torch.allclose(case.logits(), case.data['logits'], **tolerance)
    loss = case.data['loss'].float()
    assert torch.allclose(case.loss(), loss, **tolerance)


def test_gradients(case: Case) -> None:
    case.loss().backward()
    ours = {case.report.loaded[name]: p.grad for name, p in case.trainable().items()}
    official = case.part('grad/')
    assert set(ours) == set(official)
    for name, gradient in official.items():
        assert torch.allclose(ours[name], gradient, atol=1e-5, rtol=1e-5), name


def test_five_steps_of_sgd(case: Case) -> None:
    bn = case.model.cls_head.bn if case.video else case.model.neck.bn
    bn.train()
    optimizer = torch.optim.SGD(case.trainable().values(), lr=0.05, momentum=0.9)
    losses = []
    for _ in case.data['sgd_losses']:
        loss = case.loss()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    expected = case.data['sgd_losses'].tolist()
    assert losses == pytest.approx(expected, abs=1e-4)
