"""Compute the frozen part of the trunk once, and train from what was kept."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, cast

from mmengine.dist import barrier, get_dist_info
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.registry import HOOKS
from mmengine.runner import EpochBasedTrainLoop, Runner, ValLoop
from mmengine.runner.amp import autocast
from torch import nn

from ..cache import CachedDataset, find_boundary
from ..cache.checks import check_dataset, check_steady, draws
from ..cache.key import make_key
from ..cache.refused import check_hooks, check_sampler
from ..cache.replay import let_by
from ..cache.source import Source
from ..cache.split import Split, make_stores
from ..cache.together import take_room
from ..errors import ConfigError
from ..generators import untouched_generators
from ..weights.stamp import find_stamps
from ..wrapping import unwrapped

__all__ = ['PrefixCacheHook']


@HOOKS.register_module()
class PrefixCacheHook(Hook):
    """Keep the activations in front of the lowest adapter; train from them.

    With adapters in the last k blocks alone, or none (linear probing), the blocks below
    give the same activations for a sample every time. They are computed once, at the
    start of the first training, and read from disk after that. The files are made anew
    when the trunk, the data, the pipeline, the precision or the place changes.

    For pipelines without randomness the training is the same as without the cache, but
    for the rounding of batches of another composition. A random pipeline is drawn
    ``views`` times in all, by the config's seed, and epoch e trains on draw e modulo
    ``views``: another training than with new draws at each epoch. Validation reads
    activations of its own precision. Several runs may share a folder: one of them
    fills it, the others wait.

    Args:
        folder: Where the files go, on a disk that all processes see. It may be one that
            can't be written where all is there.
        views: Draws of each training sample, where its pipeline draws.
        val: Keep the validation set's activations too.

    Raises:
        ConfigError: Nothing can be kept; see :func:`mmadapt.cache.find_boundary`,
            :mod:`mmadapt.cache.checks` and :mod:`mmadapt.cache.refused`. Or the disk
            has no room, or isn't one that all processes see.
        StorageError: The folder can't be written, or its file system has no locks.
    """

    def __init__(
        self, folder: str | PathLike[str], views: int = 1, val: bool = True
    ) -> None:
        if views < 1:
            raise ConfigError(f'views={views}: a whole number from 1 on.')
        self.folder = Path(folder)
        self.views = views
        self.val = val
        self.dataset: CachedDataset | None = None

    def before_train(self, runner: Runner) -> None:
        """Fill what is missing, and exchange the data."""
        loop = runner.train_loop
        if not isinstance(loop, EpochBasedTrainLoop):
            raise ConfigError(
                f'PrefixCacheHook needs training by epochs, got {type(loop).__name__}: '
                "train_cfg=dict(by_epoch=True, type='EpochBasedTrainLoop')."
            )
        loops: dict[str, Any] = {'train': loop}
        if self.val and isinstance(runner.val_loop, ValLoop):
            loops['val'] = runner.val_loop
        for each in loops.values():
            if isinstance(each.dataloader.dataset, CachedDataset):
                each.dataloader = each.dataloader.source  # of an earlier training
        check_hooks(runner.hooks)
        check_sampler(loop.dataloader)
        backbone = the_backbone(unwrapped(runner.model))
        rank, _ = get_dist_info()
        with untouched_generators(next(backbone.parameters()).device):
            splits = self.splits(runner, backbone, loops)
            for split in splits:
                split.check()
            take_room(splits)
            for split in splits:
                runner.logger.info(split.told(rank))
                split.fill(rank)
            barrier()
            for split in splits:
                loops[split.name].dataloader = split.dataloader()
        self.dataset = loop.dataloader.dataset

    def splits(
        self, runner: Runner, backbone: nn.Module, loops: dict[str, Any]
    ) -> list[Split]:
        """What is to be kept of each loop's data; nothing is written yet."""
        model = cast(BaseModel, unwrapped(runner.model))
        boundary = find_boundary(backbone)
        let_by(model.data_preprocessor)
        _, world = get_dist_info()
        given = (runner.cfg.get('randomness') or {}).get('seed') or 0
        splits = []
        for name, loop in loops.items():
            training = name == 'train'
            source = Source(
                model,
                boundary,
                loop.dataloader.dataset,
                loop.dataloader,
                precision_of(runner, loop),
                training,
            )
            check_dataset(source)
            random = draws(source)
            # What the first sample does not show is drawn from 0, whatever the seed.
            source = replace(source, seed=int(given) if random else 0)
            # Several draws of what is not drawn are the same ones.
            views = self.views if training and random else 1
            first = check_steady(source)
            key = make_key(runner.cfg, source, name, views, world, random)
            samples = range(len(loop.dataloader.dataset))
            rows = [views * len(samples[part::world]) for part in range(world)]
            stores = make_stores(self.folder, name, key, rows, first)
            splits.append(Split(name, source, stores, views, random))
        return splits

    def before_train_epoch(self, runner: Runner) -> None:
        """Turn to the draw of this epoch."""
        if self.dataset is not None:
            self.dataset.view = runner.epoch % self.dataset.views


def the_backbone(model: nn.Module) -> nn.Module:
    """The adapted backbone.

    Raises:
        ConfigError: There is none, or more than one.
    """
    names = list(find_stamps(model))
    if len(names) != 1:
        raise ConfigError(
            f'PrefixCacheHook needs one adapted backbone, found {len(names)} in '
            f'{type(model).__name__}.'
        )
    return model.get_submodule(names[0])


def precision_of(
    runner: Runner, loop: Any
) -> Callable[[], AbstractContextManager[Any]]:
    """The precision in which a loop's data is read without the cache."""
    if isinstance(loop, ValLoop):
        return lambda: autocast(enabled=loop.fp16)
    return lambda: runner.optim_wrapper.optim_context(runner.model)
