"""A process that dies ends its job with its message, or starts it again."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
import torch

from tests.processes import free_port
from tests.tasks import write_config, write_images, write_trunk
from tests.test_tools.cli import ROOT

BOUND = 150
"""Seconds from the death of a process to the end of its job, on a busy machine too."""

PATIENCE = {'SIGSTOP': 40}
"""Seconds that a process waits for one that answers nobody."""

CHANGES = """
custom_imports = dict(imports=['mmadapt', 'deaths'], allow_failed_imports=False)
custom_hooks = [dict(type='SyncTrainedBuffersHook'), dict(type='Dies')]
train_dataloader['batch_size'] = 2
train_dataloader['num_workers'] = 1
randomness = dict(seed=0, diff_rank_seed=True)
"""

DEATHS = """
import os, signal
from pathlib import Path
from mmadapt.errors import DataError
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

@HOOKS.register_module()
class Dies(Hook):
    '''Ends the second process in the second epoch, once.'''
    def before_train_iter(self, runner, batch_idx, data_batch=None):
        how, mark = os.environ.get('HOW'), Path(runner.work_dir, 'died')
        if how and runner.rank == 1 and runner.iter == 4 and not mark.exists():
            mark.touch()
            if how == 'error':
                raise DataError('a planted fault.')
            os.kill(os.getpid(), getattr(signal, how))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_images(tmp_path / 'photos')
    write_trunk(tmp_path / 'tiny.pth')
    write_config(tmp_path / 'photos.py', CHANGES)
    (tmp_path / 'deaths.py').write_text(DEATHS)
    return tmp_path


def train(folder: Path, work: str, **variables: str) -> tuple[int, str, float]:
    """Exit status and output of two processes, and the time they ended."""
    environment = {**os.environ, 'PORT': str(free_port()), 'PYTHONPATH': str(folder)}
    environment.update(CUDA_VISIBLE_DEVICES='', OMP_NUM_THREADS='1', **variables)
    command = [
        ROOT / 'tools/dist_train.sh', folder / 'photos.py', 2, '--work-dir',
        folder / work, '--deterministic', '--cfg-options',
        f'data_root={folder / "photos"}', f'trunk={folder / "tiny.pth"}',
        f'env_cfg.dist_cfg.timeout={PATIENCE.get(variables.get("HOW", ""), 300)}',
    ]  # fmt: skip
    ended = subprocess.run(
        [str(part) for part in command],
        capture_output=True, text=True, env=environment, cwd=folder, timeout=300,
    )  # fmt: skip
    return ended.returncode, ended.stdout + ended.stderr, time.time()


@pytest.mark.slow
@pytest.mark.parametrize(
    ('how', 'message'),
    [
        ('error', 'DataError: a planted fault.'),
        ('SIGKILL', 'Signal 9 (SIGKILL)'),
        # It answers nobody; the other one gives up behind dist_cfg.timeout.
        ('SIGSTOP', 'Timed out waiting'),
    ],
)
def test_the_job_ends_with_its_message(folder: Path, how: str, message: str) -> None:
    status, output, ended = train(folder, how, HOW=how)
    seconds = ended - (folder / how / 'died').stat().st_mtime
    print(f'{how}: the job ended {seconds:.1f} s later')  # for pytest -rP
    assert status != 0
    assert message in output, output[-3000:]
    assert seconds < BOUND


@pytest.mark.slow
def test_a_restart_ends_as_if_nothing_had_happened(folder: Path) -> None:
    undisturbed, output, _ = train(folder, 'undisturbed')
    assert undisturbed == 0, output[-3000:]
    status, output, _ = train(folder, 'died', HOW='SIGKILL', MAX_RESTARTS='1')
    assert status == 0, output[-3000:]
    assert (folder / 'died' / 'died').exists()
    first, second = (
        torch.load(folder / work / 'epoch_2.pth', weights_only=True)['state_dict']
        for work in ('undisturbed', 'died')
    )
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name
