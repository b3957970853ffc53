"""Two trainings in one folder: none goes on from the other's files unsaid."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.runner import Runner

from mmadapt.errors import StorageError
from mmadapt.hooks.run_note import begin_run
from mmadapt.weights.run_line import line_of, read_note

from .test_adapter_checkpoint import config


def log(runner: Runner) -> str:
    file = Path(runner.log_dir) / f'{runner.timestamp}.log'
    return file.read_text()


def test_a_folder_that_can_not_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    work = tmp_path / 'file' / 'work'
    runner: Any = SimpleNamespace(work_dir=str(work))
    with pytest.raises(StorageError, match=r"last_run' can't be written: .*work_dir"):
        begin_run(runner, str(work), {})


@pytest.mark.slow
def test_a_second_training_is_told_and_kept_apart(tmp_path: Path) -> None:
    first = Runner.from_cfg(config(tmp_path, experiment_name='first'))
    first.train()
    assert 'from the beginning among' not in log(first)
    cfg = config(tmp_path, experiment_name='second', train_cfg={'max_epochs': 1})
    second = Runner.from_cfg(cfg)
    second.train()
    assert 'of another one: epoch_1.pth, epoch_2.pth.' in log(second)

    files = [tmp_path / 'work' / f'epoch_{n}.pth' for n in (1, 2)]
    runs = [line_of(torch.load(f, weights_only=True)).run for f in files]
    note = read_note(tmp_path / 'work')
    assert note is not None and note.run == runs[0] != runs[1]
    resumed = Runner.from_cfg(config(tmp_path, experiment_name='third', resume=True))
    with pytest.warns(UserWarning, match=r'other runs: epoch_2\.pth'):
        resumed.train()
    assert 'from the beginning among' not in log(resumed)
    last = line_of(torch.load(files[1], weights_only=True))
    assert last.run not in runs and last.before == ((runs[0], 3),)
