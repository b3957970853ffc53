"""Where a trunk is cut for several tasks: only where that changes nothing, and pays."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves, tree_map

import mmadapt
from mmadapt.apis.routed import RoutedBackbone
from mmadapt.precision import store_frozen
from tests.helpers import build_image_vit, feature, image_input
from tests.host_cases import image_conformer
from tests.test_apis.test_routed import SIDES, TASKS, inputs, several

ROWS = [1, 0, 0, 0]


def expected(models: list[nn.Module], x: Tensor) -> Any:
    """All that the backbones give, each by itself."""
    with torch.no_grad():
        found = [
            models[task](x[row : row + 1])
            for row, task in zip(ROWS, TASKS, strict=True)
        ]
    return tree_map(lambda *parts: torch.cat(parts), *found)


def assert_same(found: Any, right: Any) -> None:
    pairs = list(zip(tree_leaves(found), tree_leaves(right), strict=True))
    assert pairs
    for one, other in pairs:
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def vits(**options: Any) -> list[nn.Module]:
    adapter = {'bottleneck': 8, 'layers': [-1], **options}
    return several(mmadapt.adapt(build_image_vit(), adapter))


@pytest.mark.parametrize('black', [False, True])
def test_a_host_whose_stream_passes_by_runs_whole(black: bool) -> None:
    # Beside the layers of a Conformer run convolutions, which end in features too.
    (case,) = image_conformer.CASES
    adapter = {'bottleneck': 8, 'layers': [-1]}
    models = several(mmadapt.adapt(case.build(), adapter))
    x = inputs(case.input)[:2]
    if black:
        x[0] = 0
    routed = RoutedBackbone(models)
    right = expected(models, x)
    assert len(tree_leaves(right)) > 1
    assert_same(routed(x, ROWS, TASKS), right)
    assert routed.prefix is not None
    assert list(routed.prefix.exact.values()) == [False]


def test_a_trunk_is_not_cut_where_no_row_is_for_two_tasks() -> None:
    models = vits()
    routed, x = RoutedBackbone(models), inputs(image_input)[:3]
    read: list[int] = []
    for model in routed.backbones:
        model.register_forward_hook(lambda module, args, out: read.append(len(args[0])))
    found = routed(x, [0, 1, 2, 2], [0, 1, 0, 0])
    assert sorted(read) == [1, 3], 'a pass for each task, and none to find out'
    assert routed.prefix is not None and not routed.prefix.exact
    torch.testing.assert_close(feature(found)[1:2], feature(models[1](x[1:2])))
    routed(x, [0, 0], [0, 1])
    assert list(routed.prefix.exact.values()) == [True]


def test_what_all_tasks_have_in_common_is_read_once_a_row() -> None:
    model = mmadapt.adapt(build_image_vit(), None)
    model.eval()
    routed, x = RoutedBackbone([model, model]), inputs(image_input)[:2]
    read: list[int] = []
    for one in routed.backbones:
        one.register_forward_hook(lambda module, args, out: read.append(len(args[0])))
    found = routed(x, [1, 0, 0], [0, 0, 1])
    assert read == [2], 'once, and no pass to find out'
    torch.testing.assert_close(feature(found), feature(model(x))[[1, 0, 0]])


@pytest.mark.parametrize('first', [False, True])
@pytest.mark.parametrize('trains', [False, True])
@pytest.mark.parametrize('half', [False, True])
@pytest.mark.parametrize('layers', ['all', [-1]])
def test_requires_grad_changes_nothing(
    first: bool, trains: bool, half: bool, layers: Any
) -> None:
    model = mmadapt.adapt(build_image_vit(), {'bottleneck': 8, 'layers': layers})
    if half:
        store_frozen(model, 'bfloat16')
    models = several(model)
    x = inputs(image_input)[:2]
    for one_pass in (None, True):
        routed = RoutedBackbone(models, one_pass)
        before = RoutedBackbone(models, one_pass)(x, ROWS, TASKS)
        if first:
            routed(x, ROWS, TASKS)
        flags = [(p, p.requires_grad) for one in models for p in one.parameters()]
        for one in models:
            one.requires_grad_(trains)
        found = routed(x, ROWS, TASKS)
        for parameter, flag in flags:
            parameter.requires_grad_(flag)
        assert not feature(found).requires_grad
        error = (feature(found) - feature(before)).norm() / feature(before).norm()
        assert error <= (0.02 if half else 1e-5)


@pytest.mark.parametrize('layers', ['all', [-1]])
def test_a_weight_put_in_place_of_another_is_seen_in_one_pass(layers: Any) -> None:
    models = vits(layers=layers)
    routed, x = RoutedBackbone(models, one_pass=True), inputs(image_input)[:2]
    before = feature(routed(x, ROWS, TASKS))
    places = [m.layers[-1].adapter.up.weight for m in models]
    for step in range(2):
        for place in places:
            place.data = place.data * (-1.5 - step)
        found = routed(x, ROWS, TASKS)
        assert list(routed.known.values()) == [True], 'in one pass'
        assert not torch.allclose(feature(found), before)
        assert_same(found, expected(models, x))
        before = feature(found)
    # What lay in memory stays there until it is stacked anew: else a tensor of other
    # numbers could come to lie in its place, and be taken for it.
    stale = places[0].data_ptr()
    places[0].data = places[0].data * -2
    assert stale in {tensor.data_ptr() for tensor in routed.held}


@pytest.mark.parametrize('side', list(SIDES))
def test_blocks_below_are_computed_once_a_row(side: str) -> None:
    build, make = SIDES[side]
    models = several(mmadapt.adapt(build(), {'bottleneck': 8, 'layers': [-1]}))
    routed, x = RoutedBackbone(models, one_pass=True), inputs(make)
    routed(x, [0, 0], [0, 1])  # finds out whether the backbone can be cut
    seen: list[int] = []
    replica = routed.backbones[0]
    below = next(m for n, m in replica.named_modules() if n.endswith('.0.attn'))
    below.register_forward_hook(lambda _, args, out: seen.append(len(out)))
    routed(x[:2], [0, 0, 0, 1], [0, 1, 2, 0])
    assert seen == [2]


def test_linear_probing_is_one_pass() -> None:
    model = mmadapt.adapt(build_image_vit(), None)
    model.eval()
    models = [model, copy.deepcopy(model)]
    routed, x = RoutedBackbone(models, one_pass=True), inputs(image_input)
    rows = [2, 0, 0]
    found = routed(x, rows, [0, 1, 0])
    assert isinstance(found, tuple)
    torch.testing.assert_close(feature(found), feature(models[0](x))[rows])


def test_statistics_of_a_batch_norm_are_the_tasks_own() -> None:
    model = mmadapt.adapt(build_image_vit(), {'bottleneck': 8, 'layers': [-1]})
    model.register_buffer('offset', torch.zeros(1))
    models = several(model)
    models[1].offset += 1
    assert RoutedBackbone(models, one_pass=True).prefix is None


@pytest.mark.parametrize('adapter', [None, {'layers': [-1]}])
def test_a_trained_stem_is_the_tasks_own_without_gradients(adapter: Any) -> None:
    models = several(mmadapt.adapt(build_image_vit(), adapter, ['patch_embed']))
    for model in models:
        model.requires_grad_(False)
    x = inputs(image_input)
    with torch.inference_mode():
        found = RoutedBackbone(models)(x, ROWS, TASKS)
    assert_same(found, expected(models, x))


def test_a_trained_stem_is_not_cut_off_while_it_is_the_same() -> None:
    adapter = {'bottleneck': 8, 'layers': [-1]}
    models = several(mmadapt.adapt(build_image_vit(), adapter, ['patch_embed']))
    for model in models[1:]:
        model.patch_embed.load_state_dict(models[0].patch_embed.state_dict())
    routed, x = RoutedBackbone(models), inputs(image_input)
    routed(x, ROWS, TASKS)
    assert routed.prefix is not None and not any(routed.prefix.exact.values())
    with torch.no_grad():
        models[1].patch_embed.projection.weight.mul_(2)
    assert_same(routed(x, ROWS, TASKS), expected(models, x))
