"""The optimizer gets what trains, in few groups."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn

import mmadapt
from mmadapt.errors import ConfigError
from tests.helpers import build_image_vit


def groups_of(
    model: nn.Module, paramwise: dict[str, Any] | None
) -> list[dict[str, Any]]:
    constructor = OPTIM_WRAPPER_CONSTRUCTORS.build(
        {
            'type': 'TrainableOptimWrapperConstructor',
            'optim_wrapper_cfg': {
                'optimizer': {'type': 'SGD', 'lr': 0.4, 'weight_decay': 0.1}
            },
            'paramwise_cfg': paramwise,
        }
    )
    wrapper = constructor(model)
    assert type(wrapper).__name__ == 'OptimWrapper'
    return wrapper.optimizer.param_groups


def adapted() -> nn.Module:
    return mmadapt.adapt(build_image_vit(), {'bottleneck': 8}, trainable=['ln1'])


def test_one_group_of_what_trains() -> None:
    model = adapted()
    groups = groups_of(model, None)
    assert len(groups) == 1
    expected = {id(p) for p in model.parameters() if p.requires_grad}
    assert {id(p) for p in groups[0]['params']} == expected


def test_paramwise_options_make_a_group_for_each_set_of_options() -> None:
    model = adapted()
    paramwise = {
        'norm_decay_mult': 0.0,
        'bias_decay_mult': 0.0,
        'custom_keys': {'layers.1.adapter.up.weight': {'lr_mult': 0.5}},
    }
    groups = groups_of(model, paramwise)
    found = {(g['lr'], g['weight_decay']): len(g['params']) for g in groups}
    # ln1 (2) and four biases without decay; three weights; one weight at half the rate.
    assert found == {(0.4, 0.0): 6, (0.4, 0.1): 3, (0.2, 0.1): 1}
    assert all(p.requires_grad for g in groups for p in g['params'])


def test_a_step_moves_what_trains_and_nothing_else() -> None:
    model = adapted()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer = torch.optim.SGD(groups_of(model, None), lr=0.1)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, before[name]) != parameter.requires_grad, name


def test_nothing_to_train_is_an_error() -> None:
    model = mmadapt.adapt(build_image_vit(), None)
    with pytest.raises(ConfigError, match="trainable='all'"):
        groups_of(model, None)


def test_an_option_that_does_nothing_is_an_error() -> None:
    with pytest.raises(ConfigError, match="'norm_decya_mult'.*mean 'norm_decay_mult'"):
        groups_of(adapted(), {'norm_decya_mult': 0.0})
