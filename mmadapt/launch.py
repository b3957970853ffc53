"""From a resolved config to a runner, on whatever machine this is."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.hooks import CheckpointHook, Hook
from mmengine.registry import RUNNERS
from mmengine.runner import Runner
from torch import nn

from .backbones.trunk import follows_nothing
from .config.failures import config_errors
from .config.places import walk
from .ending import run
from .errors import ConfigError, DataError
from .hooks.dump_config import DumpConfigHook, without_dump
from .hooks.frozen_trunk import FrozenTrunkHook
from .loops import AmpTestLoop
from .processes import join_processes
from .strategies.checks import check_hooks, check_strategy
from .weights.stamp import find_stamps

__all__ = [
    'build_runner',
    'check_loaders',
    'first_steps',
    'join_processes',
    'run',
    'use_amp',
    'use_amp_in_test',
]

AMP_TYPES = (
    'OptimWrapper',
    'AmpOptimWrapper',
    'BFloat16OptimWrapper',
    'CpuAmpOptimWrapper',
)


def use_amp(cfg: Config) -> None:
    """Train in mixed precision, in place: float16 on a GPU, bfloat16 on a CPU.

    A trunk that is stored in bfloat16 is trained in it on a GPU too.

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
    stored = any(
        n.get('frozen_dtype') == 'bfloat16' for _, n in walk(cfg.get('model') or {})
    )
    on_cpu = get_device() == 'cpu'
    if on_cpu or stored or kind == 'BFloat16OptimWrapper':
        wrapper['type'] = 'CpuAmpOptimWrapper' if on_cpu else 'BFloat16OptimWrapper'
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

    Raises:
        ConfigError: Something can't be built.
    """
    check_strategy(cfg)
    join_processes(cfg)
    kind: Any = RUNNERS.get(cfg.runner_type) if 'runner_type' in cfg else Runner
    with config_errors(cfg), without_dump(kind or Runner):
        if 'runner_type' in cfg:
            # FlexibleRunner takes None for what a config leaves out.
            cfg.setdefault('env_cfg', {'dist_cfg': {'backend': 'nccl'}})
            runner: Runner = RUNNERS.build(cfg)
        else:
            runner = Runner.from_cfg(cfg)
    check_hooks(runner, cfg)
    runner.register_hook(DumpConfigHook())
    warn_unwatched(runner)
    return runner


def warn_unwatched(runner: Runner) -> None:
    """Warn where an adapted model runs without FrozenTrunkHook or our checkpoints."""
    # FlexibleRunner builds its model when training starts.
    if not isinstance(runner.model, nn.Module) or not find_stamps(runner.model):
        return
    kinds = [type(hook) for hook in runner.hooks]
    if CheckpointHook in kinds:
        warnings.warn(
            "MMEngine's CheckpointHook writes the frozen trunk too, in files that have "
            'to be unpickled. Write task files: add to the config '
            "default_hooks = dict(checkpoint=dict(type='AdapterCheckpointHook')).",
            stacklevel=2,
        )
    if not any(issubclass(kind, FrozenTrunkHook) for kind in kinds):
        warnings.warn(
            'an adapted model runs without FrozenTrunkHook: nothing checks that its '
            'trunk has its weights and keeps them. Add to the config '
            "default_hooks = dict(frozen_trunk=dict(type='FrozenTrunkHook')).",
            stacklevel=2,
        )


class Begun(Hook):
    """Knows what a run has done once: an iteration of training, a whole scoring."""

    def __init__(self) -> None:
        self.mode = 'train'
        self.done: set[str] = set()

    def _before_epoch(self, runner: Runner, mode: str = 'train') -> None:
        self.mode = mode

    def after_train_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
        """A loss was computed, and an update made."""
        self.done.add('train')

    def after_val_epoch(self, runner: Runner, *_: Any, **__: Any) -> None:
        """The metrics were computed, and training goes on."""
        self.done.add('val')
        self.mode = 'train'

    def after_test_epoch(self, runner: Runner, *_: Any, **__: Any) -> None:
        """The metrics were computed."""
        self.done.add('test')


@contextmanager
def first_steps(runner: Runner) -> Iterator[None]:
    """Errors of the libraries in what a run does for the first time are the config's.

    MMEngine builds loops, optimizers and schedules when they are needed, and what a
    transform, a loss or a metric was given shows when it is called.

    Raises:
        ConfigError: In place of another error.
    """
    begun = Begun()
    runner.register_hook(begun, 'LOWEST')
    try:
        yield
    except Exception:
        if begun.mode in begun.done:
            raise
        with config_errors(runner.cfg):
            raise


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
