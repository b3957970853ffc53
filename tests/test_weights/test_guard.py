"""Every loader that MMEngine offers checks task files, averaged models' too."""

from __future__ import annotations

import copy
from typing import Any

import mmengine.runner
import pytest
import torch
from mmengine.model import ExponentialMovingAverage
from torch import nn

from mmadapt.errors import TaskFileError
from mmadapt.weights import guard

from .test_stamp import DIFFERENT, build, task_of, trained


def averaged(model: nn.Module) -> dict[str, Any]:
    """What EMAHook and AdapterCheckpointHook leave in ``ema_state_dict``."""
    state = {f'module.{name}': value for name, value in task_of(model).items()}
    return {**state, 'steps': torch.tensor(5)}


@pytest.mark.parametrize('strict', [False, True])
@pytest.mark.parametrize('buffers', [False, True])
def test_an_average_of_the_task_loads(strict: bool, buffers: bool) -> None:
    model = trained()
    average = ExponentialMovingAverage(build(), update_buffers=buffers)
    average.load_state_dict(averaged(model), strict=strict)
    assert int(average.steps) == 5
    for name, tensor in model.state_dict().items():
        assert torch.equal(average.module.state_dict()[name], tensor), name


@pytest.mark.parametrize(('options', 'message'), DIFFERENT)
def test_an_average_of_another_task_is_refused_whole(
    options: dict[str, Any], message: str
) -> None:
    average = ExponentialMovingAverage(build(**options))
    before = copy.deepcopy(average.state_dict())
    with pytest.raises(TaskFileError, match=message):
        average.load_state_dict(averaged(trained()), strict=False)
    for name, tensor in average.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_an_average_of_a_plain_model_loads_as_ever() -> None:
    average = ExponentialMovingAverage(nn.Linear(2, 2))
    state = copy.deepcopy(average.state_dict())
    state['module.weight'] += 1
    average.load_state_dict(state)
    assert torch.equal(average.module.weight, state['module.weight'])
    del state['module.weight']
    with pytest.raises(RuntimeError, match='Missing key'):
        average.load_state_dict(state)


def test_both_names_of_the_loader_are_guarded() -> None:
    guard.install()
    loader = guard.guarded_load_state_dict
    assert mmengine.runner.load_state_dict is loader
    assert mmengine.runner.checkpoint.load_state_dict is loader
    with pytest.raises(TaskFileError):
        mmengine.runner.load_state_dict(build(trunk_seed=1), task_of(trained()))


def test_a_wrapped_model_is_checked() -> None:
    class Views(mmengine.model.BaseTTAModel):
        def merge_preds(self, data_samples_list: list) -> list:
            return data_samples_list

    with pytest.raises(TaskFileError, match='trunk'):
        guard.guarded_load_state_dict(Views(build(trunk_seed=1)), task_of(trained()))


def test_a_random_trunk_asks_for_its_seed() -> None:
    with pytest.raises(TaskFileError, match='only with the same seed'):
        build(trunk_seed=1).load_state_dict(task_of(trained()))
