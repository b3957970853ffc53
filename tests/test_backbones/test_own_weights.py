"""Weights that an inner backbone's config names itself are never loaded."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from mmengine.logging import MMLogger
from mmpretrain.registry import MODELS

from mmadapt.backbones.own_weights import (
    check_own_weights,
    find_own_weights,
    without_own_weights,
)
from mmadapt.errors import ConfigError

PRETRAINED = {'type': 'Pretrained', 'checkpoint': 'https://host.invalid/swin.pth'}
INITIAL = {'type': 'TruncNormal', 'layer': 'Linear', 'std': 0.5}
RANDOM = {'type': 'RandomTrunk', 'seed': 0}


@pytest.mark.parametrize(
    ('named', 'bare'),
    [
        ({'pretrained': 'a.pth'}, {'pretrained': None}),
        ({'pretrained': True}, {'pretrained': False}),
        ({'pretrained_type': 'i3d'}, {'pretrained_type': None}),
        ({'checkpoint_path': 'a.pth'}, {'checkpoint_path': ''}),
        ({'init_cfg': PRETRAINED}, {}),
        ({'init_cfg': [INITIAL, PRETRAINED]}, {'init_cfg': [INITIAL]}),
    ],
)
def test_each_way_is_found_and_switched_off(
    named: dict[str, Any], bare: dict[str, Any]
) -> None:
    config = {'type': 'Any', 'depth': 3, **named}
    with pytest.raises(ConfigError, match='names weights of its own'):
        check_own_weights(config, None)
    assert check_own_weights(config, RANDOM) == {'type': 'Any', 'depth': 3, **bare}
    assert config == {'type': 'Any', 'depth': 3, **named}, 'the caller keeps his own'


@pytest.mark.parametrize(
    'config',
    [
        {'pretrained': None},
        {'pretrained': False},
        {'checkpoint_path': ''},
        {'init_cfg': [INITIAL]},
        {'init_cfg': None},
    ],
)
def test_what_names_no_weights_stays(config: dict[str, Any]) -> None:
    assert find_own_weights(config) == {}
    assert without_own_weights(config) == config
    assert check_own_weights(config, None) == config


def test_a_zoo_backbone_is_built_without_its_own_file_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logger = MMLogger.get_instance('own_weights')
    logger.addHandler(caplog.handler)
    inner = {
        'type': 'SwinTransformer',
        'arch': {'embed_dims': 8, 'depths': [1] * 4, 'num_heads': [1] * 4},
        'init_cfg': [INITIAL, PRETRAINED],
    }
    config = {
        'type': 'AdaptedBackbone',
        'backbone': inner,
        'adapter': {'bottleneck': 2},
    }
    with caplog.at_level(logging.INFO):
        model = MODELS.build({**config, 'init_cfg': RANDOM})
    logger.removeHandler(caplog.handler)
    assert 'host.invalid/swin.pth' in caplog.text and 'left out' in caplog.text
    weight = model.stages[0].blocks[0].ffn.layers[0][0].weight
    assert 0.4 < float(weight.std()) < 0.6, 'its initialiser ran'
    with pytest.raises(ConfigError, match=r'PretrainedTrunk.*takes their place'):
        MODELS.build(config)


def test_a_backbone_whose_own_initialisers_are_needed_keeps_them() -> None:
    from mmaction.registry import MODELS as VIDEO

    inner = {'type': 'MViT', 'arch': 'tiny', 'init_cfg': PRETRAINED}
    config = {
        'type': 'AdaptedBackbone',
        'backbone': inner,
        'adapter': {'bottleneck': 2},
    }
    model = VIDEO.build({**config, 'init_cfg': RANDOM})
    assert 0 < float(model.blocks[0].mlp.fc1.weight.std()) < 0.05, 'TruncNormal ran'
