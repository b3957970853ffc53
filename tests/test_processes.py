"""Processes find each other, from whichever launcher."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config

from mmadapt import processes
from mmadapt.errors import ConfigError


def test_launcher_without_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, 'get_device', lambda: 'cpu')
    for name in ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID'):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match='SLURM_PROCID.*not set'):
        processes.join_processes(Config({'launcher': 'slurm'}))


@pytest.mark.parametrize('launcher', ['pytorch', 'slurm', 'mpi'])
def test_one_process_joins_itself(
    launcher: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, 'get_device', lambda: 'cpu')
    for name in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR', 'MASTER_PORT'):
        monkeypatch.setenv(name, '')  # so that it is put back afterwards
        monkeypatch.delenv(name)
    for name, value in zip(processes.RANK_NAMES[launcher], '010', strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv('MASTER_PORT', '0')
    calls: list[Any] = []

    def joined(backend: str, **_: Any) -> None:
        calls.append(backend)

    monkeypatch.setattr(torch.distributed, 'init_process_group', joined)
    cfg = Config({'launcher': launcher, 'find_unused_parameters': True})
    processes.join_processes(cfg)
    assert calls == ['gloo']
    assert cfg.model_wrapper_cfg == {
        'type': 'MMDistributedDataParallel',
        'broadcast_buffers': False,
        'find_unused_parameters': True,
        'device_ids': None,
    }


def test_where_nodes_meet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert processes.first_node('pytorch') == '127.0.0.1'
    (tmp_path / 'scontrol').write_text('#!/bin/sh\necho "$3" | tr , "\\n"\n')
    (tmp_path / 'scontrol').chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path), prepend=':')
    monkeypatch.setenv('SLURM_JOB_NODELIST', 'first,second')
    monkeypatch.setenv('SLURM_NNODES', '2')
    assert processes.first_node('slurm') == 'first'
    monkeypatch.setenv('SLURM_NNODES', '1')
    assert processes.first_node('slurm') == '127.0.0.1'


def test_nothing_to_join(monkeypatch: pytest.MonkeyPatch) -> None:
    cfg = Config({'launcher': 'none'})
    processes.join_processes(cfg)
    assert 'model_wrapper_cfg' not in cfg
    assert 'env_cfg' not in cfg


@pytest.mark.parametrize(('given', 'seconds'), [(None, 1800), (20, 20), (0.5, 1)])
@pytest.mark.parametrize(('launcher', 'local'), [('pytorch', '0'), ('mpi', '3')])
def test_gpus_are_joined_by_mmengine(
    monkeypatch: pytest.MonkeyPatch,
    launcher: str,
    local: str,
    given: float | None,
    seconds: int,
) -> None:
    monkeypatch.setattr(processes, 'get_device', lambda: 'cuda')
    monkeypatch.setenv('LOCAL_RANK', '0')  # what a tool's command line leaves
    monkeypatch.setenv('OMPI_COMM_WORLD_LOCAL_RANK', '3')
    dist = {'backend': 'nccl', **({} if given is None else {'timeout': given})}
    cfg = Config({'launcher': launcher, 'env_cfg': {'dist_cfg': dist}})
    processes.join_processes(cfg)
    assert 'model_wrapper_cfg' not in cfg
    assert cfg.env_cfg.dist_cfg == {'backend': 'nccl', 'timeout': seconds}
    assert os.environ['LOCAL_RANK'] == local
    with pytest.raises(ConfigError, match='timeout=-1'):
        processes.join_processes(
            Config({'launcher': launcher, 'env_cfg': {'dist_cfg': {'timeout': -1}}})
        )
