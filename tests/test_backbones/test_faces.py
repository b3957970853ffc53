"""The two faces in both registries: built, loaded, adapted, stamped, left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmaction.registry import MODELS as VIDEO_MODELS
from mmpretrain.registry import MODELS as IMAGE_MODELS
from torch import nn

from mmadapt.errors import ConfigError, WeightsError
from tests.helpers import (
    build_image_vit,
    build_video_vit,
    feature,
    image_input,
    video_input,
)

ARCH = {'embed_dims': 48, 'num_layers': 2, 'num_heads': 4, 'feedforward_channels': 96}
IMAGE = {'arch': ARCH, 'img_size': 32, 'patch_size': 8}
VIDEO = {
    'img_size': 32,
    'patch_size': 8,
    'embed_dims': 48,
    'depth': 2,
    'num_heads': 4,
    'mlp_ratio': 2,
    'num_frames': 4,
}
SIDES = {
    'image': (IMAGE_MODELS, IMAGE, build_image_vit, image_input),
    'video': (VIDEO_MODELS, VIDEO, build_video_vit, video_input),
}


@pytest.fixture(params=sorted(SIDES))
def side(request: pytest.FixtureRequest) -> tuple[Any, ...]:
    return SIDES[request.param]


@pytest.fixture
def trunk(side: tuple[Any, ...], tmp_path: Path) -> tuple[nn.Module, str]:
    base = side[2]()
    with torch.no_grad():
        for parameter in base.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.02)
    path = tmp_path / 'trunk.pth'
    torch.save({'state_dict': base.state_dict()}, path)
    base.eval()
    return base, str(path)


def build(side: tuple[Any, ...], wrapped: bool, **options: Any) -> nn.Module:
    registry, arch = side[:2]
    if wrapped:
        inner = {'type': 'VisionTransformer', **arch}
        return registry.build({'type': 'AdaptedBackbone', 'backbone': inner, **options})
    return registry.build({'type': 'AdaptFormerViT', **arch, **options})


def pretrained(path: str) -> dict[str, str]:
    return {'type': 'PretrainedTrunk', 'checkpoint': path}


@pytest.mark.parametrize('wrapped', [False, True])
def test_the_trunk_is_there_once_the_backbone_is_built(
    side: tuple[Any, ...], trunk: tuple[nn.Module, str], wrapped: bool
) -> None:
    base, path = trunk
    model = build(side, wrapped, adapter={'bottleneck': 8}, init_cfg=pretrained(path))
    model.eval()
    with torch.no_grad():
        expected = feature(base(side[3]()))
        found = feature(model(side[3]()))
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert model.task_stamp.trunk_state == 'loaded'


@pytest.mark.parametrize('wrapped', [False, True])
def test_the_parent_does_not_initialise_it_again(
    side: tuple[Any, ...], trunk: tuple[nn.Module, str], wrapped: bool
) -> None:
    from mmengine.model import BaseModule

    class Parent(BaseModule):
        def __init__(self, backbone: nn.Module) -> None:
            super().__init__(init_cfg={'type': 'Normal', 'layer': 'Linear', 'std': 9})
            self.backbone = backbone

    init_cfg = pretrained(trunk[1])
    model = build(side, wrapped, adapter={'bottleneck': 8}, init_cfg=init_cfg)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    Parent(model).init_weights()
    changed = [
        k for k, v in model.state_dict().items() if not torch.equal(v, before[k])
    ]
    assert changed == []


def test_the_face_returns_the_backbone_itself(side: tuple[Any, ...]) -> None:
    model = build(side, True, adapter=None, init_cfg=None)
    assert type(model) is type(side[2]())
    assert set(side[2]().state_dict()) == set(model.state_dict()) - {'task_stamp.stamp'}


def test_a_random_trunk_with_a_seed_is_the_same_each_time(
    side: tuple[Any, ...],
) -> None:
    init_cfg = {'type': 'RandomTrunk', 'seed': 3}
    twins = [build(side, False, adapter=None, init_cfg=init_cfg) for _ in range(2)]
    first, second = (twin.state_dict() for twin in twins)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_seeded_trunk_leaves_the_global_random_state(side: tuple[Any, ...]) -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    build(side, False, adapter=None, init_cfg={'type': 'RandomTrunk', 'seed': 3})
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize(
    ('init_cfg', 'message'),
    [
        ({'type': 'Pretrained', 'checkpoint': 'f.pth'}, '_delete_=True'),
        ([{'type': 'TruncNormal', 'layer': 'Linear'}], 'PretrainedTrunk'),
        ({'type': 'PretrainedTrunk'}, 'trunk=FILE'),
        ({'type': 'PretrainedTrunk', 'checkpoint': None}, 'trunk=FILE'),
        ({'type': 'PretrainedTrunk', 'chekpoint': 'f'}, "Did you mean 'checkpoint'"),
        ({'type': 'RandomTrunk', 'checkpoint': 'f'}, 'no option'),
    ],
)
def test_other_origins_are_refused(
    side: tuple[Any, ...], init_cfg: object, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        build(side, False, adapter=None, init_cfg=init_cfg)


def test_a_delete_mark_that_met_no_base_is_passed_over(side: tuple[Any, ...]) -> None:
    init_cfg = {'_delete_': True, 'type': 'RandomTrunk'}
    model = build(side, False, adapter=None, init_cfg=init_cfg)
    assert model.task_stamp.trunk_state == 'random'


def test_a_missing_trunk_file_is_an_error_at_build(side: tuple[Any, ...]) -> None:
    with pytest.raises(WeightsError, match='nowhere.pth'):
        build(side, False, adapter=None, init_cfg=pretrained('nowhere.pth'))


def test_the_adapter_must_be_said(side: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match='adapter'):
        build(side, False, init_cfg=None)


def test_training_mode_chains(side: tuple[Any, ...]) -> None:
    model = build(side, False, adapter=None, init_cfg=None)
    assert model.train() is model
    assert model.eval() is model


def test_an_image_backbone_inside_a_recognizer_of_frames() -> None:
    """Recognizer2D reads an image trunk when the outer type has the prefix."""
    backbone = {
        'type': 'mmpretrain.AdaptedBackbone',
        'backbone': {'type': 'mmpretrain.VisionTransformer', **IMAGE},
        'adapter': {'bottleneck': 8},
        'init_cfg': {'type': 'RandomTrunk'},
    }
    head = {
        'type': 'TSNHead',
        'num_classes': 3,
        'in_channels': 48,
        'average_clips': 'prob',
    }
    config = {'type': 'Recognizer2D', 'backbone': backbone, 'cls_head': head}
    model = VIDEO_MODELS.build({'_scope_': 'mmaction', **config})
    assert model.backbone_from == 'mmpretrain'
    features, _ = model.extract_feat(torch.zeros(2, 4, 3, 32, 32))
    assert features.shape[:2] == (8, 48)


def test_a_random_trunk_asks_no_gpu(
    side: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its seed would be that of dropout there, when the GPU is first used."""

    def asked(*_: Any) -> None:
        raise AssertionError('a GPU')

    monkeypatch.setattr(torch.cuda, 'manual_seed_all', asked)
    monkeypatch.setattr(torch.cuda, 'get_rng_state', asked)
    before = torch.get_rng_state()
    build(side, False, adapter=None, init_cfg={'type': 'RandomTrunk', 'seed': 3})
    assert torch.equal(torch.get_rng_state(), before)
