"""Files that hold frozen weights too, read by two processes that torchrun starts.

Names in a set stand in another order in each of them, unlike in forks of one process.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import torch

from tests.processes import free_port
from tests.tasks import write_config, write_images, write_trunk
from tests.test_tools.cli import ROOT

pytestmark = pytest.mark.slow

CHANGES = """
train_dataloader['batch_size'] = 2
train_cfg['max_epochs'] = 1
runner_type = 'FlexibleRunner'
strategy = dict(type='ShardedStrategy')
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_images(tmp_path / 'photos')
    write_trunk(tmp_path / 'tiny.pth')
    write_config(tmp_path / 'photos.py', CHANGES)
    return tmp_path


def train(folder: Path, work: str, *options: str) -> tuple[int, str]:
    """Exit status and output of two processes."""
    environment = {**os.environ, 'PORT': str(free_port()), 'PYTHONPATH': str(ROOT)}
    environment.update(CUDA_VISIBLE_DEVICES='', OMP_NUM_THREADS='1')
    environment.pop('PYTHONHASHSEED', None)
    command = [
        ROOT / 'tools/dist_train.sh', folder / 'photos.py', 2,
        '--work-dir', folder / work, '--cfg-options',
        f'data_root={folder / "photos"}', f'trunk={folder / "tiny.pth"}',
        'env_cfg.dist_cfg.timeout=120', *options,
    ]  # fmt: skip
    ended = subprocess.run(
        [str(part) for part in command],
        capture_output=True, text=True, env=environment, cwd=folder, timeout=300,
    )  # fmt: skip
    return ended.returncode, ended.stdout + ended.stderr


def test_the_same_trunk_is_taken_and_another_one_named(folder: Path) -> None:
    status, output = train(folder, 'first')
    assert status == 0, output[-3000:]
    content = torch.load(folder / 'first' / 'epoch_1.pth', weights_only=True)
    trunk = torch.load(folder / 'tiny.pth', weights_only=True)['state_dict']
    content['state_dict'] |= {n: t for n, t in trunk.items() if '.ln1.' in n}
    torch.save(content, folder / 'same.pth')
    status, output = train(folder, 'same', f'load_from={folder / "same.pth"}')
    assert status == 0, output[-3000:]
    changed = ['backbone.layers.0.ln1.weight', 'backbone.layers.1.ln1.bias']
    for name in changed:
        content['state_dict'][name] = content['state_dict'][name] + 1
    torch.save(content, folder / 'other.pth')
    status, output = train(folder, 'other', f'load_from={folder / "other.pth"}')
    assert status != 0
    assert f'has of another trunk: {", ".join(changed)}' in output, output[-3000:]
    assert not (folder / 'other' / 'epoch_1.pth').exists()
