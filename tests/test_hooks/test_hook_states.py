"""Hooks that count go on counting in a resumed run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.hooks import EarlyStoppingHook
from mmengine.runner import Runner

from mmadapt.hooks import FiniteHook
from mmadapt.hooks.hook_states import hook_states, restore_hooks, wrong_hook_states

from .test_adapter_checkpoint import config

STOPPING = (
    "custom_hooks = [dict(type='mmengine.EarlyStoppingHook', patience=2,\n"
    "    monitor='accuracy/top1', rule='greater', min_delta=1000)]\n"
)


def runner_of(*hooks: Any) -> Any:
    return SimpleNamespace(hooks=hooks)


def test_counts_are_those_of_the_hook_they_are_of() -> None:
    scores = [EarlyStoppingHook(name, 'greater') for name in ('a', 'b')]
    finite = FiniteHook(skip=3)
    scores[1].wait_count, scores[1].best_score, finite.skipped = 4, 0.5, 2
    saved = hook_states(runner_of(*scores, finite))
    assert not list(wrong_hook_states(saved))

    again = [EarlyStoppingHook(name, 'greater') for name in ('b', 'c')]
    new = FiniteHook(skip=3)
    restore_hooks(runner_of(*again, new), saved)
    assert (again[0].wait_count, again[0].best_score, new.skipped) == (4, 0.5, 2)
    assert (again[1].wait_count, again[1].best_score) == (0, -float('inf'))


def test_scores_that_are_tensors_are_saved_as_numbers() -> None:
    hook = EarlyStoppingHook('a', 'greater')
    hook._check_stop_condition(torch.tensor(0.5))
    saved = hook_states(runner_of(hook))
    assert not list(wrong_hook_states(saved))
    assert saved == {'EarlyStoppingHook.a': {'wait_count': 0, 'best_score': 0.5}}


@pytest.mark.parametrize(
    ('score', 'rule', 'stopped'),
    [(0.8, 'greater', True), (0.6, 'greater', False), (0.6, 'less', True)],
)
def test_a_threshold_that_was_reached_has_stopped_the_run(
    score: float, rule: str, stopped: bool
) -> None:
    hooks = [
        EarlyStoppingHook('a', rule, stopping_threshold=0.7, patience=9)
        for _ in range(2)
    ]
    assert hooks[0]._check_stop_condition(score)[0] is stopped
    runner = runner_of(hooks[1])
    runner.train_loop = SimpleNamespace(stop_training=False)
    runner.logger = SimpleNamespace(info=lambda _: None)
    restore_hooks(runner, hook_states(runner_of(hooks[0])))
    assert runner.train_loop.stop_training is stopped


@pytest.mark.parametrize('saved', [3, {'FiniteHook': 3}, {'a': {'skipped': 'x'}}])
def test_what_is_no_count_is_refused(saved: Any) -> None:
    assert list(wrong_hook_states(saved))


@pytest.mark.slow
def test_a_resumed_run_stops_as_early(tmp_path: Path) -> None:
    for name, epochs in (('whole', [6]), ('cut', [2, 6])):
        for run, number in enumerate(epochs):
            values = {'train_cfg': {'max_epochs': number}, 'resume': run > 0}
            cfg = config(tmp_path, STOPPING, experiment_name=f'{name}{run}', **values)
            cfg.work_dir = str(tmp_path / name)
            Runner.from_cfg(cfg).train()
    files = [
        {file.name for file in (tmp_path / name).glob('*.pth')}
        for name in ('whole', 'cut')
    ]
    assert files[0] == files[1] == {f'epoch_{n}.pth' for n in (1, 2, 3)}
    last = torch.load(tmp_path / 'cut' / 'epoch_3.pth', weights_only=True)
    assert last['hooks']['EarlyStoppingHook.accuracy/top1']['wait_count'] == 2


BY_ITERATIONS = """
randomness = dict(seed=4)
param_scheduler = [dict(type='ExponentialLR', gamma=0.5, by_epoch=True, end=9)]
default_hooks['checkpoint'].update(by_epoch=False, interval=3)
custom_hooks = [dict(type='mmengine.EarlyStoppingHook', patience=4,
    monitor='accuracy/top1', rule='greater', min_delta=1000)]
"""


@pytest.mark.slow
def test_a_file_of_an_epochs_last_iteration_repeats_nothing(tmp_path: Path) -> None:
    """Three iterations an epoch, as many as lie between two files."""
    files = []
    for name, epochs in (('whole', [3]), ('cut', [2, 3])):
        for run, number in enumerate(epochs):
            values = {'train_cfg': {'max_epochs': number}, 'resume': run > 0}
            changes = BY_ITERATIONS
            cfg = config(tmp_path, changes, experiment_name=f'{name}{run}', **values)
            cfg.work_dir = str(tmp_path / name)
            Runner.from_cfg(cfg).train()
        files.append(torch.load(tmp_path / name / 'iter_9.pth', weights_only=True))
    whole, cut = files
    assert whole['position'] == cut['position'] == {'batches': 0, 'of': 3}
    assert whole['meta']['epoch'] == cut['meta']['epoch'] == 3
    assert whole['hooks'] == cut['hooks']
    assert whole['param_schedulers'] == cut['param_schedulers']
    for key, tensor in whole['state_dict'].items():
        assert torch.equal(cut['state_dict'][key], tensor), key
