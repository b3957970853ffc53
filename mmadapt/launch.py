"""From a resolved config to a runner, on whatever machine this is."""

from __future__ import annotations

import errno
import sys
import warnings
from collections.abc import Callable
from typing import Any

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import RUNNERS
from mmengine.runner import Runner
from torch import nn

from .backbones.trunk import follows_nothing
from .errors import AdaptError, ConfigError, DataError
from .hooks.dump_config import DumpConfigHook, without_dump
from .hooks.frozen_trunk import FrozenTrunkHook
from .loops import AmpTestLoop
from .processes import join_processes
from .weights.stamp import find_stamps

__all__ = [
    'build_runner',
    'check_loaders',
    'join_processes',
    'run',
    'use_amp',
    'use_amp_in_test',
]

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""A full disk, a quota, a limit of a file's size: logs meet them like checkpoints."""

WORKER_LOST = 'DataLoader worker (pid'
"""How torch's error begins when a worker was killed; it has no type of its own."""

AMP_TYPES = ('OptimWrapper', 'AmpOptimWrapper', 'CpuAmpOptimWrapper')


def use_amp(cfg: Config) -> None:
    """Train in mixed precision, in place: float16 on a GPU, bfloat16 on a CPU.

    Raises:
        ConfigError: An optimizer wrapper of another kind.
    """
    wrapper = cfg.optim_wrapper
    kind = wrapper.get('type', 'OptimWrapper')
    if kind not in AMP_TYPES:
        raise ConfigError(
            f'--amp does not know how to change optim_wrapper.type={kind!r}; allowed: '
            f'{", ".join(AMP_TYPES)}.'
        )
    if get_device() == 'cpu':
        wrapper['type'] = 'CpuAmpOptimWrapper'
        wrapper.pop('loss_scale', None)
        wrapper.pop('dtype', None)
    else:
        wrapper['type'] = 'AmpOptimWrapper'
        wrapper.setdefault('loss_scale', 'dynamic')


def use_amp_in_test(cfg: Config) -> None:
    """Test in mixed precision, in place: float16 on a GPU, bfloat16 on a CPU.

    Raises:
        ConfigError: A test loop of another kind.
    """
    ours = AmpTestLoop.__name__
    kind = (cfg.get('test_cfg') or {}).get('type', 'TestLoop')
    if cfg.get('test_cfg') is None or kind not in ('TestLoop', ours):
        raise ConfigError(
            f'--amp does not know how to change test_cfg={cfg.get("test_cfg")!r}; '
            'allowed: dict(), with or without type TestLoop.'
        )
    cfg.test_cfg.update(type=ours, fp16=True)


def build_runner(cfg: Config) -> Runner:
    """Build the runner that a config asks for.

    It writes its config into the work_dir when training starts, and not before. Warns
    where an adapted model has nothing that watches its frozen trunk.
    """
    join_processes(cfg)
    kind: Any = RUNNERS.get(cfg.runner_type) if 'runner_type' in cfg else Runner
    with without_dump(kind or Runner):
        if 'runner_type' in cfg:
            runner: Runner = RUNNERS.build(cfg)
        else:
            runner = Runner.from_cfg(cfg)
    runner.register_hook(DumpConfigHook())
    warn_unwatched(runner)
    return runner


def warn_unwatched(runner: Runner) -> None:
    """Warn where an adapted model runs without FrozenTrunkHook."""
    watched = any(isinstance(hook, FrozenTrunkHook) for hook in runner.hooks)
    if not watched and find_stamps(runner.model):
        warnings.warn(
            'an adapted model runs without FrozenTrunkHook: nothing checks that its '
            'trunk has its weights and keeps them. Add to the config '
            "default_hooks = dict(frozen_trunk=dict(type='FrozenTrunkHook')).",
            stacklevel=2,
        )


def check_loaders(runner: Runner) -> None:
    """Refuse data that can't be trained on, before anything is trained.

    Raises:
        DataError: A training set smaller than one batch, or validation data with
            other classes than the training data.
    """
    train = runner.train_loop.dataloader
    if len(train) == 0:
        raise DataError(
            f'the training set has {len(train.dataset)} samples, less than one batch '
            f'of {train.batch_size} a process, and drop_last=True leaves none. Lower '
            'it (to 2 or more, for BatchNorm): --cfg-options '
            'train_dataloader.batch_size=N.'
        )
    rest = 0 if train.drop_last else len(train.sampler) % (train.batch_size or 1)
    if 1 in (train.batch_size, rest) and normalises(runner.model):
        raise DataError(
            f'{len(train.sampler)} samples a process in batches of {train.batch_size} '
            'leave a batch of one, and a BatchNorm of the model (in the shipped '
            'configs the head) needs two. Give --cfg-options '
            'train_dataloader.batch_size=N, 2 or more, and '
            'train_dataloader.drop_last=True.'
        )
    if runner.val_loop is None:
        return
    pairs: list[Any] = [
        getattr(loader.dataset, 'metainfo', {}).get('classes')
        for loader in (train, runner.val_loop.dataloader)
    ]
    if all(pairs) and list(pairs[0]) != list(pairs[1]):
        differ = sorted({*pairs[0]} ^ {*pairs[1]}) or 'their order'
        raise DataError(
            f'the validation data has other classes ({len(pairs[1])}) than the '
            f'training data ({len(pairs[0])}); they differ in: {differ}. Both need '
            'the same class folders, or the same classes.txt.'
        )


def normalises(model: nn.Module) -> bool:
    """Whether a model has a BatchNorm that reads the statistics of a batch alone."""
    return any(
        isinstance(module, nn.BatchNorm1d) and not follows_nothing(module)
        for module in model.modules()
    )


def run(main: Callable[[], None]) -> None:
    """Run a tool's main function; our own errors end it with their text alone.

    So do a full disk and a data worker that was killed, which nobody can mend in code.
    """
    try:
        main()
    except AdaptError as error:
        sys.exit(f'{type(error).__name__}: {own_text(error)}')
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        sys.exit(
            f'StorageError: {error}. What was written before is whole: make room, and '
            'go on with --resume.'
        )
    except RuntimeError as error:
        if not str(error).startswith(WORKER_LOST):
            raise
        sys.exit(
            f'DataError: {str(error).splitlines()[0]} A process that loads data was '
            'ended from outside, mostly for want of memory: lower '
            'train_dataloader.num_workers or the batch size. --resume goes on from the '
            'newest checkpoint.'
        )
    finally:
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


def own_text(error: AdaptError) -> str:
    """What an error says, without the traceback that a data worker puts around it."""
    text = str(error)
    if not text.startswith('Caught '):
        return text
    kind = type(error)
    return text.rpartition(f'{kind.__module__}.{kind.__name__}: ')[2].strip()
