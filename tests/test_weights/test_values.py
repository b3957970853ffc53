"""Weights that mean nothing are refused, and the model stays as it was."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from mmadapt.errors import TaskFileError, WeightsError
from mmadapt.weights import load_weights
from mmadapt.weights.task_file import check_task_state, task_state
from mmadapt.weights.values import not_finite

from .test_stamp import build


def test_names_of_tensors_with_other_values_than_numbers() -> None:
    tensors: dict[str, Any] = {
        'good': torch.ones(2),
        'nan': torch.tensor([0.0, float('nan')]),
        'infinite': torch.tensor([float('-inf')], dtype=torch.bfloat16),
        'whole': torch.tensor([1]),
        'text': 'x',
    }
    assert not_finite(tensors.items()) == ['nan', 'infinite']


VALUES = {
    'nan': (lambda t: torch.full_like(t, float('nan')), 'infinite values or NaN in 1'),
    'infinite': (lambda t: t / 0, 'infinite values or NaN in 1'),
    'too large': (lambda t: t.double() * 1e300, 'infinite values or NaN in 1'),
    'whole': (lambda t: t.long(), 'whole numbers in place of weights in 1'),
    'true': (lambda t: t > 0, 'whole numbers in place of weights in 1'),
}


@pytest.mark.parametrize('case', sorted(VALUES))
def test_a_trunk(case: str) -> None:
    change, message = VALUES[case]
    backbone = build().backbone
    state = {n: t.clone() for n, t in backbone.state_dict().items() if 'stamp' not in n}
    name = 'layers.1.ln2.weight'
    state = {n: t + 1 if t.is_floating_point() else t for n, t in state.items()}
    state[name] = change(state[name])
    before = {n: t.clone() for n, t in backbone.state_dict().items()}
    with pytest.raises(WeightsError, match=rf'{message} tensors: .*\.ln2\.w'):
        load_weights(backbone, state)
    for key, tensor in backbone.state_dict().items():
        assert torch.equal(tensor, before[key])


KINDS = {
    'sparse': lambda t: t.to_sparse(),
    'meta': lambda t: t.to('meta'),
    'complex': lambda t: t.to(torch.complex64),
    'float8': lambda t: t.to(torch.float8_e4m3fn),
    'quantised': lambda t: torch.quantize_per_tensor(t, 0.1, 0, torch.qint8),
}


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('where', ['layers.1.ffn.layers.1.weight', 'head.fc.weight'])
def test_what_is_no_plain_tensor(kind: str, where: str) -> None:
    model = build()
    backbone, whole = model.backbone, where not in model.state_dict()
    target: Any = backbone if whole else model
    state = target.state_dict() if whole else task_state(model, model.state_dict())
    state[where] = KINDS[kind](state[where])
    before = {n: t.clone() for n, t in target.state_dict().items()}
    error = WeightsError if whole else TaskFileError
    with pytest.raises(error, match=rf'no plain numbers: {where} \('):
        (load_weights if whole else check_task_state)(target, state)
    for key, tensor in target.state_dict().items():
        assert torch.equal(tensor, before[key])


def test_a_frozen_weight_in_a_task_file_is_looked_at_too() -> None:
    model = build()
    state = task_state(model, model.state_dict())
    name = 'backbone.layers.1.ffn.layers.1.weight'
    state[name] = model.state_dict()[name].to_sparse()
    with pytest.raises(TaskFileError, match='no plain numbers'):
        check_task_state(model, state)


@pytest.mark.parametrize('value', [float('inf'), 1e300])
@pytest.mark.parametrize(
    'name', ['backbone.layers.0.adapter.up.bias', 'head.fc.weight']
)
def test_a_task(name: str, value: float) -> None:
    model = build()
    state = task_state(model, model.state_dict())
    check_task_state(model, state)
    state[name] = torch.full_like(state[name].double(), value)
    with pytest.raises(TaskFileError, match=rf'infinite values or NaN: {name}'):
        check_task_state(model, state)
