"""The contract of hosts: names, copies and files."""

from __future__ import annotations

import copy
import io
import pickle

import torch
from mmengine import runner
from mmengine.model import BaseModule
from torch import nn

import mmadapt
from mmadapt.adapt import adapter_prefixes
from mmadapt.backbones.trunk import adapt_backbone, drawn_from
from mmadapt.weights import task_state
from tests.helpers import feature, randomise
from tests.host_cases import HostCase

from .contract import (
    ADAPTER,
    adapters_of,
    evaluated,
    everywhere,
    hosts_of,
)


def test_base_state_dict_loads_and_only_adapters_are_missing(case: HostCase) -> None:
    base = case.build()
    plain = case.build().load_state_dict(base.state_dict(), strict=False)
    adapted = mmadapt.adapt(case.build(), ADAPTER)
    result = adapted.load_state_dict(base.state_dict(), strict=False)
    prefixes = tuple(f'{name}.' for name in adapter_prefixes(adapted))
    assert result.unexpected_keys == []
    missing = set(result.missing_keys) - set(plain.missing_keys)  # tables of Swin V2
    assert missing
    assert all(key.startswith(prefixes) for key in missing)


def test_init_weights_of_the_blocks_keeps_the_zero_start(case: HostCase) -> None:
    adapted = mmadapt.adapt(case.build(), ADAPTER)
    for host in hosts_of(adapted):
        for module in host.modules():
            if hasattr(module, '_is_init'):
                module._is_init = False
            if hasattr(module, 'init_weights'):
                module.init_weights()
        assert torch.count_nonzero(host.adapter.up.weight) == 0
        assert torch.count_nonzero(host.adapter.down.weight) > 0


def test_a_model_around_it_initialises_no_adapter(case: HostCase) -> None:
    """As MMEngine does when training starts: whole models, over all their layers."""
    trunk = case.build()
    if not isinstance(trunk, BaseModule):
        trunk = BaseModule()  # timm's and transformers' models stand in one
        trunk.inner = case.build()
    mmadapt.adapt(trunk, everywhere(case, trunk)[-1])
    drawn = {'type': 'TruncNormal', 'layer': ['Linear', 'Conv2d', 'Conv3d'], 'std': 1.0}
    whole = BaseModule(init_cfg=[drawn])
    whole.trunk = trunk
    for module in whole.modules():
        if hasattr(module, '_is_init'):
            module._is_init = False
    whole.init_weights()
    for adapter in adapters_of(whole):
        assert torch.count_nonzero(adapter.up.weight) == 0
        assert torch.count_nonzero(adapter.down.weight) > 0
        assert torch.count_nonzero(adapter.down.bias) == 0


def test_deepcopy_is_equal_and_independent(case: HostCase) -> None:
    adapted = evaluated(mmadapt.adapt(case.build(), ADAPTER))
    for adapter in adapters_of(adapted):
        randomise(adapter)
    twin = copy.deepcopy(adapted)
    with torch.no_grad():
        before = feature(adapted(case.input()))
        assert torch.equal(feature(twin(case.input())), before)
        for adapter in adapters_of(twin):
            adapter.up.weight.add_(1)
        assert torch.equal(feature(adapted(case.input())), before)
        assert not torch.equal(feature(twin(case.input())), before)


def test_pickle_round_trip(case: HostCase) -> None:
    adapted = evaluated(mmadapt.adapt(case.build(), ADAPTER))
    for adapter in adapters_of(adapted):
        randomise(adapter)
    blocks = nn.ModuleList(hosts_of(adapted))
    twin = pickle.loads(pickle.dumps(blocks))
    for name, tensor in blocks.state_dict().items():
        assert torch.equal(twin.state_dict()[name], tensor)
    assert [type(block) for block in twin] == [type(block) for block in blocks]


def test_a_task_file_restores(case: HostCase) -> None:
    """What was trained, through a file, into another model on the same trunk."""
    origin = {'type': 'RandomTrunk', 'seed': 0}
    models = []
    for _ in range(2):
        with drawn_from(origin):
            model = case.build()
        models.append(evaluated(adapt_backbone(model, ADAPTER, (), True, origin)))
    first, second = models
    for adapter in adapters_of(first):
        randomise(adapter)
    buffer = io.BytesIO()
    torch.save(task_state(first, first.state_dict()), buffer)
    buffer.seek(0)
    runner.load_state_dict(second, torch.load(buffer, weights_only=True))
    with torch.no_grad():
        expected = feature(first(case.input()))
        assert torch.equal(feature(second(case.input())), expected)
