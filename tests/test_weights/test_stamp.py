"""Stamp and task files: what belongs together loads, anything else is refused."""

from __future__ import annotations

import copy
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.runner import checkpoint
from torch import nn

from mmadapt.errors import TaskFileError
from mmadapt.weights import load_weights
from mmadapt.weights.guard import guarded_load_state_dict
from mmadapt.weights.stamp import decode, encode, find_stamps
from mmadapt.weights.task_file import check_task_state, task_keys, task_state
from tests.helpers import image_input, randomise

ARCH = {'embed_dims': 48, 'num_layers': 2, 'num_heads': 4, 'feedforward_channels': 96}


def build(num_classes: int = 3, trunk_seed: int = 0, **backbone: Any) -> nn.Module:
    """A tiny classifier on a trunk that the seed decides."""
    from mmpretrain.registry import MODELS

    options = {
        'type': 'AdaptFormerViT',
        'arch': ARCH,
        'img_size': 32,
        'patch_size': 8,
        'adapter': {'bottleneck': 8},
        'init_cfg': {'type': 'RandomTrunk', 'seed': trunk_seed},
        **backbone,
    }
    head = {'type': 'LinearClsHead', 'num_classes': num_classes, 'in_channels': 48}
    neck = {'type': 'ClsBatchNormNeck', 'input_features': 48}
    config = {
        'type': 'ImageClassifier',
        'backbone': options,
        'neck': neck,
        'head': head,
    }
    model = MODELS.build({'_scope_': 'mmpretrain', **config})
    model.eval()
    return model


def trained(**options: Any) -> nn.Module:
    """A classifier whose trained part isn't what it started with."""
    model = build(**options)
    for block in model.backbone.layers:
        if hasattr(block, 'adapter'):
            randomise(block.adapter)
    randomise(model.head)
    model.neck.bn.running_mean.fill_(0.5)
    return model


def task_of(model: nn.Module) -> OrderedDict[str, Any]:
    return OrderedDict(task_state(model, model.state_dict()))


LOADERS = {
    'torch': lambda model, state: model.load_state_dict(state),
    'mmengine': lambda model, state: guarded_load_state_dict(model, state),
}


@pytest.fixture(params=sorted(LOADERS))
def load(request: pytest.FixtureRequest) -> Any:
    return LOADERS[request.param]


def test_a_task_file_holds_adapters_head_and_buffers_only() -> None:
    names = set(task_of(trained()))
    adapter = {
        f'backbone.layers.{i}.adapter.{part}.{kind}'
        for i in range(2)
        for part in ('down', 'up')
        for kind in ('weight', 'bias')
    }
    outside = {
        'neck.bn.running_mean',
        'neck.bn.running_var',
        'neck.bn.num_batches_tracked',
        'head.fc.weight',
        'head.fc.bias',
    }
    assert names == adapter | outside | {'backbone.task_stamp.stamp'}


def test_a_task_restores_the_trained_model(load: Any) -> None:
    model, other = trained(), build()
    load(other, task_of(model))
    with torch.no_grad():
        expected = model(image_input())
        assert torch.equal(other(image_input()), expected)


DIFFERENT = [
    ({'trunk_seed': 1}, r'trunk: the file was trained on .* tensors differ: layers'),
    ({'adapter': {'bottleneck': 4}}, 'adapter bottleneck: the file has 8, the model 4'),
    ({'adapter': {'bottleneck': 8, 'scale': 1.0}}, 'adapter scale: the file has 0.1'),
    ({'adapter': {'bottleneck': 8, 'layers': [0]}}, r'adapter layers.*\[0, 1\].*\[0\]'),
    ({'adapter': None}, r'1 method\(s\) \(AdaptMLP\), the model 0 \(none\)'),
    (
        {'arch': {**ARCH, 'num_heads': 2}},
        r'trunk heads: the file was trained with \[4\], the model has \[2\]',
    ),
    ({'norm_cfg': {'type': 'LN', 'eps': 0.5}}, r'trunk epsilon: .*\[1e-06\].*\[0.5\]'),
    ({'trainable': ['ln1']}, r"trainable: the file has \[\], the model \['ln1'\]"),
    (
        {'num_classes': 5},
        r'head.fc.weight: the file has \(3, 48\), the model \(5, 48\)',
    ),
]


@pytest.mark.parametrize(('options', 'message'), DIFFERENT)
def test_another_model_refuses_it_and_stays_as_it_was(
    options: dict[str, Any], message: str
) -> None:
    state, other = task_of(trained()), build(**options)
    before = copy.deepcopy(other.state_dict())
    with pytest.raises(TaskFileError, match=message):
        guarded_load_state_dict(other, state)
    for name, tensor in other.state_dict().items():
        assert torch.equal(tensor, before[name]), name


@pytest.mark.parametrize(('options', 'message'), DIFFERENT[:-1])
def test_plain_torch_loading_refuses_it_too(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(TaskFileError, match=message):
        build(**options).load_state_dict(task_of(trained()), strict=False)


def test_files_from_before_options_were_stamped(load: Any) -> None:
    state, other = task_of(trained()), build(norm_cfg={'type': 'LN', 'eps': 0.5})
    content = decode(state['backbone.task_stamp.stamp'])
    del content['options']
    state['backbone.task_stamp.stamp'] = encode(content)
    load(other, state)
    assert torch.equal(other.head.fc.bias, state['head.fc.bias'])


@pytest.mark.parametrize('options', [None, {'heads': 4}])
def test_options_that_are_none(load: Any, options: Any) -> None:
    state = task_of(trained())
    content = decode(state['backbone.task_stamp.stamp'])
    state['backbone.task_stamp.stamp'] = encode({**content, 'options': options})
    with pytest.raises(TaskFileError, match='its options is'):
        load(build(), state)


def test_options_of_training_do_not_matter(load: Any) -> None:
    other = build(adapter={'bottleneck': 8, 'dropout': 0.3, 'init': 'normal'})
    load(other, task_of(trained()))
    assert torch.equal(other.head.fc.bias, trained().head.fc.bias)


def test_a_file_without_a_stamp_is_no_task_file(load: Any) -> None:
    state = build().state_dict()
    del state['backbone.task_stamp.stamp']
    with pytest.raises(TaskFileError, match='no task file'):
        load(build(), state)


def test_absent_weights_are_named(load: Any) -> None:
    state = task_of(trained())
    del state['backbone.layers.1.adapter.up.weight']
    with pytest.raises(TaskFileError, match=r'layers\.1\.adapter\.up\.weight'):
        load(build(), state)


def test_foreign_weights_are_named() -> None:
    state = task_of(trained())
    state['head.other'] = torch.zeros(1)
    with pytest.raises(TaskFileError, match=r'has, and the model has not: head\.other'):
        check_task_state(build(), state)


def test_a_broken_stamp_says_so(load: Any) -> None:
    state = task_of(trained())
    state['backbone.task_stamp.stamp'] = state['backbone.task_stamp.stamp'][:50]
    with pytest.raises(TaskFileError, match='broken'):
        load(build(), state)


def test_another_version_says_so() -> None:
    with pytest.raises(TaskFileError, match='version 99'):
        decode(encode({'version': 99}))


def test_full_fine_tuning_keeps_everything_and_asks_for_no_trunk() -> None:
    model = build(adapter=None, trainable='all')
    assert task_keys(model) == set(model.state_dict())
    other = build(adapter=None, trainable='all', trunk_seed=1)
    guarded_load_state_dict(other, task_of(model))
    assert torch.equal(other.backbone.cls_token, model.backbone.cls_token)
    assert find_stamps(model)['backbone'].content['fingerprint'] == ''


def test_a_plain_model_loads_as_ever() -> None:
    linear = nn.Linear(2, 2)
    guarded_load_state_dict(linear, OrderedDict(weight=torch.ones(2, 2)))
    assert torch.equal(linear.weight, torch.ones(2, 2))
    assert checkpoint.load_state_dict is guarded_load_state_dict


def test_two_backbones_have_two_stamps() -> None:
    first, second = build().backbone, build(trunk_seed=1).backbone
    pair = nn.ModuleDict({'a': first, 'b': second})
    assert set(find_stamps(pair)) == {'a', 'b'}
    state = task_state(pair, pair.state_dict())
    assert len(state) == 2 * (8 + 1)
    pair.load_state_dict(state)
    swapped = nn.ModuleDict({'a': second, 'b': first})
    with pytest.raises(TaskFileError, match='does not belong to a'):
        swapped.load_state_dict(state)


def test_a_trunk_without_weights_takes_no_task() -> None:
    """Two of them have no fingerprint, and would pass for the same."""
    model = build(init_cfg=None)
    state = task_of(trained(init_cfg=None))
    with pytest.raises(TaskFileError, match='init_cfg=None'):
        check_task_state(model, state)
    full = build(init_cfg=None, adapter=None, trainable='all')
    check_task_state(full, task_of(full))


def test_frozen_tensors_in_a_file_have_to_be_those_of_the_trunk() -> None:
    model = build()
    state = task_of(trained())
    frozen = 'backbone.layers.0.ln1.weight'
    state[frozen] = model.state_dict()[frozen].clone()
    check_task_state(model, state)
    state[frozen] += 7
    with pytest.raises(TaskFileError, match=f'another trunk: {frozen}'):
        guarded_load_state_dict(model, state)
    assert not torch.equal(model.state_dict()[frozen], state[frozen])


def test_what_is_no_tensor_is_refused() -> None:
    state = task_of(trained())
    state['head.fc.weight'] = 5
    with pytest.raises(TaskFileError, match=r'head\.fc\.weight: .* int, no tensor'):
        check_task_state(build(), state)


def test_a_stamp_without_its_parts_is_broken() -> None:
    content = dict(find_stamps(build())['backbone'].content)
    del content['trained']
    with pytest.raises(TaskFileError, match=r"lacks \['trained'\]"):
        decode(encode(content))


def test_another_trunk_loaded_later_is_the_one_that_the_stamp_names() -> None:
    model, other = build(trunk_seed=0), build(trunk_seed=1)
    whole = other.backbone.state_dict()
    own = ('adapter', 'stamp')
    plain = {n: t for n, t in whole.items() if not any(part in n for part in own)}
    state = task_of(model)
    load_weights(model, plain)
    with pytest.raises(TaskFileError, match='tensors differ'):
        check_task_state(model, state)
    twin = build(trunk_seed=2)
    load_weights(twin, plain)
    check_task_state(twin, task_of(model))


@pytest.mark.parametrize(
    ('one', 'other'),
    [
        ({'bottleneck': [8]}, {'bottleneck': 8}),
        (
            {'bottleneck': 8, 'branch': 'both'},
            [{'bottleneck': 8}, {'bottleneck': 8, 'branch': 'attn'}],
        ),
        (
            [{'bottleneck': 8, 'branch': 'attn'}, {'bottleneck': 4}],
            [{'bottleneck': 4}, {'bottleneck': 8, 'branch': 'attn'}],
        ),
    ],
    ids=['stages', 'branches', 'order'],
)
def test_configs_that_place_the_same_belong_together(one: Any, other: Any) -> None:
    first, second = trained(adapter=one), build(adapter=other)
    second.load_state_dict(task_state(first, first.state_dict()), strict=False)
    images = image_input()
    with torch.no_grad():
        expected, found = first(images), second(images)
    assert torch.equal(found[0] if isinstance(found, tuple) else found, expected)
    third = build(adapter={'bottleneck': 8, 'branch': 'attn'})
    with pytest.raises(TaskFileError):
        third.load_state_dict(task_state(first, first.state_dict()), strict=False)


NO_STAMPS: list[Any] = [
    None,
    'text',
    [1, 2],
    torch.rand(7),
    torch.tensor(3),
    torch.tensor(3, dtype=torch.uint8),
    torch.tensor(list(b'[' * 100_000), dtype=torch.uint8),
]


@pytest.mark.parametrize('stamp', NO_STAMPS, ids=lambda s: type(s).__name__)
def test_a_stamp_of_another_kind_is_broken(load: Any, stamp: Any) -> None:
    state = task_of(trained())
    state['backbone.task_stamp.stamp'] = stamp
    with pytest.raises(TaskFileError, match='task_stamp of the task file is broken'):
        load(build(), state)


@pytest.mark.parametrize(
    ('part', 'value'),
    [
        ('fingerprint', 3),
        ('tensors', [1]),
        ('adapter', [[]]),
        ('adapter', [{'bottleneck': 4}]),
        ('trainable', None),
        ('trained', {'layers.0.adapter.up.bias': 1}),
    ],
)
def test_a_part_of_another_kind_is_broken(load: Any, part: str, value: Any) -> None:
    state = task_of(trained())
    content = {**find_stamps(build())['backbone'].content, part: value}
    state['backbone.task_stamp.stamp'] = encode(content)
    with pytest.raises(TaskFileError, match=rf'broken \(its {part} is '):
        load(build(), state)


def test_the_file_of_another_trunk_is_named(load: Any, tmp_path: Path) -> None:
    own = ('adapter', 'stamp')
    trunk = build(trunk_seed=1).backbone.state_dict()
    file = tmp_path / 'other_trunk.pth'
    torch.save({n: t for n, t in trunk.items() if not any(p in n for p in own)}, file)
    init = {'type': 'PretrainedTrunk', 'checkpoint': str(file)}
    with pytest.raises(TaskFileError, match=r"tensors differ[^']*'.*other_trunk\.pth'"):
        load(build(init_cfg=init), task_of(trained()))
    same = task_of(trained(init_cfg=init, adapter={'bottleneck': 4}))
    with pytest.raises(TaskFileError, match='adapter bottleneck') as caught:
        load(build(init_cfg=init), same)
    assert 'other_trunk' not in str(caught.value)
