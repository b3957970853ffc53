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
    with pytest.raises(WeightsError, match=rf'{message} tensors: layers\.1\.ln2\.weig'):
        load_weights(backbone, state)
    for key, tensor in backbone.state_dict().items():
        assert torch.equal(tensor, before[key])


@pytest.mark.parametrize(
    'name', ['backbone.layers.0.adapter.up.bias', 'head.fc.weight']
)
def test_a_task(name: str) -> None:
    model = build()
    state = task_state(model, model.state_dict())
    check_task_state(model, state)
    state[name] = torch.full_like(state[name], float('inf'))
    with pytest.raises(TaskFileError, match=rf'infinite values or NaN: {name}'):
        check_task_state(model, state)
