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
