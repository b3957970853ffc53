"""Two runs with one flag end in the same weights, bit by bit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config

from mmadapt.errors import ConfigError
from mmadapt.randomness import check_randomness, make_deterministic
from tests.tasks import write_config, write_images, write_trunk
from tests.test_tools.cli import ROOT

CHANGES = """
pipeline[1] = dict(type='RandomResizedCrop', scale=32)
pipeline.insert(2, dict(type='RandomFlip', prob=0.5))
pipeline.insert(3, dict(type='ColorJitter', brightness=0.4, contrast=0.4))
train_dataloader['num_workers'] = 2
train_dataloader['persistent_workers'] = True
model['backbone']['adapter'] = dict(bottleneck=4, dropout=0.3)
"""


def test_what_the_flag_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('CUBLAS_WORKSPACE_CONFIG', raising=False)
    cfg = Config({'env_cfg': {'cudnn_benchmark': True}})
    make_deterministic(cfg)
    assert cfg.randomness == {'seed': 0, 'deterministic': True}
    assert cfg.env_cfg.cudnn_benchmark is False
    assert os.environ['CUBLAS_WORKSPACE_CONFIG'] == ':4096:8'
    given = Config({'randomness': {'seed': 3, 'diff_rank_seed': True}})
    make_deterministic(given)
    assert given.randomness.seed == 3 and given.randomness.diff_rank_seed


def trained(folder: Path, name: str, *flags: str) -> dict[str, Any]:
    """The last checkpoint of a run in a process of its own, with workers."""
    work = folder / name
    command = [
        sys.executable, ROOT / 'tools/train.py', folder / 'photos.py', '--work-dir',
        work, *flags, '--cfg-options', f'data_root={folder / "photos"}',
        f'trunk={folder / "tiny.pth"}',
    ]  # fmt: skip
    # Another order of sets and dicts by hash must not matter.
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)}
    environment['PYTHONHASHSEED'] = str(len(name))
    ended = subprocess.run(
        [str(part) for part in command],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-3000:]
    return torch.load(work / 'epoch_2.pth', weights_only=True)


@pytest.mark.slow
def test_two_runs_are_bit_identical(tmp_path: Path) -> None:
    write_images(tmp_path / 'photos')
    write_trunk(tmp_path / 'tiny.pth')
    write_config(tmp_path / 'photos.py', CHANGES)
    first = trained(tmp_path, 'a', '--deterministic')
    second = trained(tmp_path, 'bb', '--deterministic')
    other = trained(tmp_path, 'ccc', '--deterministic', '--seed', '1')
    for name, tensor in first['state_dict'].items():
        assert torch.equal(tensor, second['state_dict'][name]), name
    name = 'backbone.layers.0.adapter.down.weight'
    assert not torch.equal(first['state_dict'][name], other['state_dict'][name])
    states = (run['optimizer']['param_groups'] for run in (first, second))
    assert json.dumps(next(states)) == json.dumps(next(states))


def test_it_is_a_dict() -> None:
    check_randomness(Config({'randomness': {'seed': 0}}))
    check_randomness(Config({}))
    with pytest.raises(ConfigError, match="randomness is 'abc', no dict"):
        check_randomness(Config({'randomness': 'abc'}))
