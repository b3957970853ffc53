"""Joining the processes of one run, without a GPU too."""

from __future__ import annotations

import os
import subprocess
from datetime import timedelta

import torch
import torch.distributed
from mmengine.config import Config, ConfigDict
from mmengine.device import get_device
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from .errors import ConfigError

__all__ = ['RANK_NAMES', 'first_node', 'join_processes']

TIMEOUT = 1800
"""Seconds that a process waits for the others, unless the config says."""

# Where each launcher says who this process is: rank, number of ranks, rank on its node.
RANK_NAMES = {
    'pytorch': ('RANK', 'WORLD_SIZE', 'LOCAL_RANK'),
    'slurm': ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID'),
    'mpi': (
        'OMPI_COMM_WORLD_RANK',
        'OMPI_COMM_WORLD_SIZE',
        'OMPI_COMM_WORLD_LOCAL_RANK',
    ),
}


def join_processes(cfg: Config) -> None:
    """Join the other processes by gloo where there is no GPU, in place.

    Where there is one MMEngine joins them, and is told how long to wait.

    MMEngine would ask for a CUDA device whatever the backend, and hand one to DDP; it
    leaves alone a process group that is there, and a wrapper with its own device_ids.

    Raises:
        ConfigError: The launcher's variables are not set, or a bad timeout.
    """
    if cfg.get('launcher', 'none') == 'none':
        return
    names = RANK_NAMES[cfg.launcher]
    if get_device() != 'cpu':
        # NCCL's own limit is ten minutes, which a cache or a slow node may take.
        seconds = int(max(1, patience(cfg).total_seconds()))
        cfg.merge_from_dict({'env_cfg.dist_cfg.timeout': seconds})
        local = os.environ.get(names[2])
        if cfg.launcher == 'mpi' and local is not None:
            os.environ['LOCAL_RANK'] = local  # by which DDP chooses the GPU
        return
    absent = [name for name in names if name not in os.environ]
    if absent:
        raise ConfigError(
            f'--launcher {cfg.launcher}: {", ".join(absent)} not set. Start it through '
            'tools/dist_train.sh, tools/slurm_train.sh or mpirun.'
        )
    rank, world, local = (os.environ[name] for name in names)
    os.environ.update(RANK=rank, WORLD_SIZE=world, LOCAL_RANK=local)
    os.environ.setdefault('MASTER_ADDR', first_node(cfg.launcher))
    os.environ.setdefault('MASTER_PORT', '29500')
    if not torch.distributed.is_initialized():
        wait = patience(cfg)
        store, number, size = next(rendezvous('env://', timeout=wait))
        # A restarted job meets at the same store, where its dead processes' addresses
        # still stand.
        attempt = os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')
        torch.distributed.init_process_group(
            'gloo',
            store=PrefixStore(f'attempt-{attempt}', store),
            rank=number,
            world_size=size,
            timeout=wait,
        )
    wrapper = cfg.get('model_wrapper_cfg') or ConfigDict(
        type='MMDistributedDataParallel',
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )
    wrapper['device_ids'] = None
    cfg.model_wrapper_cfg = wrapper


def patience(cfg: Config) -> timedelta:
    """How long a process waits for the others: ``env_cfg.dist_cfg.timeout`` seconds.

    Raises:
        ConfigError: No number above 0.
    """
    given = ((cfg.get('env_cfg') or {}).get('dist_cfg') or {}).get('timeout', TIMEOUT)
    if not isinstance(given, (int, float)) or isinstance(given, bool) or given <= 0:
        raise ConfigError(
            f'env_cfg.dist_cfg.timeout={given!r}: how many seconds a process waits for '
            'the others before it gives up, a number above 0.'
        )
    return timedelta(seconds=given)


def first_node(launcher: str) -> str:
    """Where the processes meet, unless MASTER_ADDR says so."""
    if launcher != 'slurm' or int(os.environ.get('SLURM_NNODES', '1')) < 2:
        return '127.0.0.1'
    nodes = os.environ.get('SLURM_JOB_NODELIST', '')
    command = ['scontrol', 'show', 'hostnames', nodes]
    try:
        listing = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ConfigError(
            f'--launcher slurm over several nodes asks `{" ".join(command)}` for the '
            f'first one, which failed ({error}). Set MASTER_ADDR to the first node.'
        ) from error
    return listing.stdout.split()[0]
