"""Rows of several tasks in one pass: what each task's own backbone gives."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import mmadapt
from mmadapt.adapters import Prompt
from mmadapt.apis.routed import RoutedBackbone
from mmadapt.precision import store_frozen
from mmadapt.registry import ADAPTERS
from tests.helpers import (
    build_image_vit,
    build_video_vit,
    feature,
    image_input,
    video_input,
)
from tests.host_cases import HOST_CASES, HostCase

TASKS = [0, 2, 1, 2]
SIDES: dict[str, Any] = {
    'image': (build_image_vit, image_input),
    'video': (build_video_vit, video_input),
}


def several(model: nn.Module, count: int = 3) -> list[nn.Module]:
    """Copies in evaluation on one trunk, which differ in what is trained."""
    frozen = {n: p for n, p in model.named_parameters() if not p.requires_grad}
    models = []
    for number in range(count):
        torch.manual_seed(number)
        task = copy.deepcopy(model)
        task.eval()
        for name, parameter in task.named_parameters():
            if name in frozen:
                parameter.data = frozen[name].data
            else:
                nn.init.normal_(parameter, std=0.3)
        models.append(task)
    return models


def inputs(make: Any) -> Tensor:
    x = make()
    return torch.cat([x, x.flip(-1) + 0.1])


def apart(models: Sequence[nn.Module], x: Tensor, rows: list[int]) -> Tensor:
    with torch.no_grad():
        found = [
            feature(models[task](x[row : row + 1]))
            for row, task in zip(rows, TASKS, strict=True)
        ]
    return torch.cat(found)


def assert_routed(model: nn.Module, x: Tensor, prefix: bool | None = None) -> None:
    models, rows = several(model), [3, 0, 0, 1]
    expected = apart(models, x, rows)
    routed = RoutedBackbone(models, one_pass=True)
    with torch.no_grad():
        found = feature(routed(x, rows, TASKS))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert not torch.equal(found[1], found[2]), 'two tasks'
    assert list(routed.known.values()) == [True], 'in one pass'
    if prefix is not None:
        assert routed.prefix is not None
        assert any(routed.prefix.exact.values()) is prefix


@pytest.mark.parametrize('case', HOST_CASES, ids=lambda case: case.id)
def test_every_host(case: HostCase) -> None:
    model = mmadapt.adapt(case.build(), {'bottleneck': 8})
    assert_routed(model, inputs(case.input))


@pytest.mark.parametrize('side', list(SIDES))
@pytest.mark.parametrize('adapter', list(ADAPTERS.module_dict))
@pytest.mark.parametrize('layers', ['all', [-1]])
def test_every_adapter(side: str, adapter: str, layers: Any) -> None:
    build, make = SIDES[side]
    model = mmadapt.adapt(build(), {'type': adapter, 'layers': layers})
    prompts = any(isinstance(module, Prompt) for module in model.modules())
    below = layers != 'all' or prompts and None
    assert_routed(model, inputs(make), prefix=below)


HALF = ['AdaptMLP', 'AdaptDWConv']


@pytest.mark.parametrize('side', list(SIDES))
@pytest.mark.parametrize('adapter', HALF)
def test_a_trunk_stored_in_bfloat16(side: str, adapter: str) -> None:
    build, make = SIDES[side]
    model = mmadapt.adapt(build(), {'type': adapter})
    store_frozen(model, 'bfloat16')
    models, rows, x = several(model), [3, 0, 0, 1], inputs(make)
    expected = apart(models, x, rows)
    routed = RoutedBackbone(models, one_pass=True)
    found = feature(routed(x, rows, TASKS))
    assert list(routed.known.values()) == [True], 'in one pass'
    assert found.dtype is torch.float32
    assert_near(found, expected)


@pytest.mark.parametrize('case', HOST_CASES, ids=lambda case: case.id)
def test_every_host_under_autocast(case: HostCase) -> None:
    models = several(mmadapt.adapt(case.build(), {'bottleneck': 8}))
    rows, x = [3, 0, 0, 1], inputs(case.input)
    with torch.autocast('cpu', torch.bfloat16):
        expected = apart(models, x, rows)
        found = feature(RoutedBackbone(models, one_pass=True)(x, rows, TASKS))
    assert found.dtype is expected.dtype
    assert_near(found.float(), expected.float())


def assert_near(found: Tensor, expected: Tensor) -> None:
    """Equal but for what bfloat16 rounds in another order."""
    error = (found - expected).norm() / expected.norm()
    assert error < 0.02


def test_what_is_trained_besides_adapters_is_the_tasks_own() -> None:
    model = mmadapt.adapt(build_image_vit(), {'bottleneck': 8}, ['patch_embed', 'ln1'])
    assert_routed(model, inputs(image_input))


def test_models_keep_what_is_theirs(tmp_path: Path) -> None:
    models = several(mmadapt.adapt(build_image_vit(), {'bottleneck': 8}))
    x = inputs(image_input)
    before = [feature(model(x)) for model in models]
    routed = RoutedBackbone(models, one_pass=True)
    for model, expected in zip(models, before, strict=True):
        assert torch.equal(feature(model(x)), expected)
    routed(x, [0, 0], [0, 1])
    assert set(vars(models[0])) == set(vars(models[1]))
    with torch.no_grad():
        models[1].layers[0].adapter.up.bias.add_(1)
    found = routed(x, [0, 0], [0, 1])
    assert not torch.equal(feature(models[1](x)), before[1])
    torch.testing.assert_close(
        feature(found), torch.cat([before[0][:1], feature(models[1](x[:1]))])
    )
    file = tmp_path / 'one.pth'
    torch.save(models[1].layers[0].adapter.state_dict(), file)
    assert file.stat().st_size < 10_000, 'no other task is in its file'


def test_a_model_can_be_used_meanwhile() -> None:
    models = several(mmadapt.adapt(build_image_vit(), {'bottleneck': 8}))
    x = inputs(image_input)
    expected = feature(models[0](x))
    routed = RoutedBackbone(models, one_pass=True)
    for original, replica in zip(models, routed.backbones, strict=True):
        pairs = zip(original.parameters(), replica.parameters(), strict=True)
        assert all(one is other for one, other in pairs)
        ours = set(original.modules())
        assert not ours & set(replica.modules())
    assert torch.equal(feature(models[0](x)), expected)


def test_one_task_alone_is_to_the_bit() -> None:
    models = several(mmadapt.adapt(build_image_vit(), {'bottleneck': 8}))
    x = inputs(image_input)
    found = RoutedBackbone(models, one_pass=True)(x, [0, 1, 2], [1, 1, 1])
    assert torch.equal(feature(found), feature(models[1](x[:3])))


def test_compiled_blocks_run_task_by_task(monkeypatch: pytest.MonkeyPatch) -> None:
    models = several(mmadapt.adapt(build_image_vit(), {'bottleneck': 8}))
    x, rows = inputs(image_input), [3, 0, 0, 1]
    expected = apart(models, x, rows)
    monkeypatch.setattr(type(models[0].layers[0]), 'block_code', object())
    routed = RoutedBackbone(models, one_pass=True)
    monkeypatch.undo()
    assert routed.compiled
    found = feature(routed(x, rows, TASKS))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


class Counted(nn.Module):
    """Reads a number, which nothing that is mapped over has."""

    def forward(self, x: Tensor) -> Tensor:
        return x * (1 if float(x.abs().sum()) >= 0 else 2)


def test_what_can_not_be_mapped_runs_task_by_task() -> None:
    model = mmadapt.adapt(build_image_vit(), {'bottleneck': 8})
    model.layers[1].attn = nn.Sequential(Counted(), model.layers[1].attn)
    models, rows, x = several(model), [3, 0, 0, 1], inputs(image_input)
    expected = apart(models, x, rows)
    routed = RoutedBackbone(models, one_pass=True)
    torch.testing.assert_close(feature(routed(x, rows, TASKS)), expected)
    assert list(routed.known.values()) == [False]


@pytest.mark.parametrize('layers', ['all', [-1]])
def test_on_a_cpu_each_task_runs_to_the_bit(layers: Any) -> None:
    models = several(mmadapt.adapt(build_image_vit(), {'layers': layers}))
    x, rows = inputs(image_input), [3, 0, 0, 1]
    expected = apart(models, x, rows)
    routed = RoutedBackbone(models)
    torch.testing.assert_close(feature(routed(x, rows, TASKS)), expected)
    assert not routed.known


def test_no_memory_is_not_taken_for_a_hindrance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError('no room')

    models = several(mmadapt.adapt(build_image_vit(), {'layers': [-1]}))
    x = inputs(image_input)
    with monkeypatch.context() as patch:
        routed = RoutedBackbone(models, one_pass=True)
        patch.setattr(routed, 'mapped', full)
        with pytest.raises(torch.OutOfMemoryError):
            routed(x, [0, 1], [0, 1])
    routed = RoutedBackbone(models)
    assert routed.prefix is not None
    monkeypatch.setattr(routed.prefix, 'capture', full)
    with pytest.raises(torch.OutOfMemoryError):
        routed(x, [0, 0], [0, 1])
    assert not routed.known and not routed.prefix.exact
