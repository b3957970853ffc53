"""What is checked and said before an adapted model trains."""

from __future__ import annotations

import math
from collections.abc import Sized
from typing import Any

from mmengine.dist import get_rank, get_world_size
from mmengine.runner import Runner
from torch import nn

from ..adapt import is_trained
from ..errors import DataError, FrozenTrunkError
from ..precision import stored
from ..report import parameter_report
from ..weights.differences import shortened
from ..weights.stamp import TaskStamp, find_stamps
from .optimizers import wrappers

__all__ = ['batch_line', 'check_batches', 'check_split', 'check_trunks', 'start_line']


def check_trunks(model: nn.Module) -> None:
    """Refuse a backbone whose frozen trunk never got weights.

    Raises:
        FrozenTrunkError: With the backbone's name.
    """
    for backbone, stamp in find_stamps(model).items():
        if stamp.trunk_state == 'none':
            raise FrozenTrunkError(
                f'the trunk of {backbone or type(model).__name__} has no weights '
                "(init_cfg=None). Give it init_cfg=dict(type='PretrainedTrunk', "
                "checkpoint=FILE), or dict(type='RandomTrunk') where random weights "
                'are meant.'
            )


def check_batches(runner: Runner, together: bool = False) -> None:
    """Refuse a training set that doesn't fill one batch.

    Args:
        runner: Of the training.
        together: Whether each batch takes all processes, as a sharded model does.

    Raises:
        DataError: With the size of set and batch; or processes that would wait for
            others, which have a batch less.
    """
    loader = runner.train_dataloader
    if isinstance(loader, Sized) and len(loader) == 0:
        raise DataError(
            f'the training set has {len(loader.dataset)} samples, less than one batch '  # type: ignore[attr-defined]
            f'of {getattr(loader, "batch_size", "?")} (drop_last=True, for the '
            "head's BatchNorm). Lower train_dataloader.batch_size."
        )
    if together:
        check_shares(loader)


def check_shares(loader: Any) -> None:
    """Refuse a sampler that gives one process a batch more than another.

    Raises:
        DataError: It does, where each batch takes all processes.
    """
    if getattr(loader.sampler, 'round_up', True):
        return
    size, world = len(loader.dataset), get_world_size()
    batch = loader.batch_size or 1
    shares = [math.ceil((size - rank) / world) for rank in range(world)]
    rounded = math.floor if loader.drop_last else math.ceil
    if len({rounded(share / batch) for share in shares}) > 1:
        raise DataError(
            f'{size} samples give {world} processes {shares} each, in batches of '
            f'{batch}, and a sharded model needs all of them for each batch. Take '
            'round_up=False out of the sampler.'
        )


def batch_line(runner: Runner) -> str | None:
    """That the learning rate is meant for another batch; None where it isn't.

    The config says for which in ``auto_scale_lr.base_batch_size``. A step takes the
    batches of all processes, and as many of them as are accumulated.
    """
    scaling = runner.cfg.get('auto_scale_lr') or {}
    meant = scaling.get('base_batch_size')
    each = getattr(runner.train_dataloader, 'batch_size', None)
    if scaling.get('enable') or not meant or not each:
        return None
    counts = [getattr(w, '_accumulative_counts', 1) for w in wrappers(runner)]
    world, waits = get_world_size(), max(counts)
    taken = world * each * waits
    if taken == meant:
        return None
    waited = f' x {waits} accumulated' if waits > 1 else ''
    return (
        f'the learning rate of this config is meant for {meant} samples a step; here '
        f'are {taken} ({world} x {each}{waited}). --auto-scale-lr fits it to '
        f'{world} x {each}.'
    )


def check_split(loop: object, together: bool = False) -> None:
    """Refuse to score data of which a sample counts twice, or never.

    MMEngine cuts the scores of all processes, dealt out in turn, to the size of the
    data. That is right where each process has its share, or one sample more that pads
    it, and wrong without a word where each has all.

    Args:
        loop: A loop of validation or testing.
        together: Whether each batch takes all processes, as a sharded model does.

    Raises:
        DataError: Another share, or samples of a last batch that are dropped; or
            processes that would wait for others, which have a batch less.
    """
    loader = getattr(loop, 'dataloader', None)
    sampler = getattr(loader, 'sampler', None)
    data = getattr(loader, 'dataset', None)
    if loader is None or not isinstance(sampler, Sized) or not isinstance(data, Sized):
        return
    world, rank, share = get_world_size(), get_rank(), len(sampler)
    allowed = (math.ceil(len(data) / world), math.ceil((len(data) - rank) / world))
    if share not in allowed:
        raise DataError(
            f'{type(sampler).__name__} gives process {rank} of {world} {share} of the '
            f'{len(data)} samples that are scored; its share is {allowed[0]}. Give '
            "sampler=dict(type='DefaultSampler', shuffle=False)."
        )
    if together:
        check_shares(loader)
    batch = loader.batch_size or 1
    rest = share % batch
    if loader.drop_last and rest:
        raise DataError(
            f'drop_last=True leaves {rest} of {share} samples of a process out of the '
            'score. Take it out of val_dataloader and test_dataloader.'
        )


def start_line(model: nn.Module) -> str:
    """What trains, and on which trunk."""
    parts = [str(parameter_report(model))]
    for backbone, stamp in find_stamps(model).items():
        parts += describe_trunk(stamp)
        if found := stored(model.get_submodule(backbone)):
            size = sum(parameter.nbytes for parameter in found) / 1e6
            parts.append(
                f'{len(found)} frozen tensors in bfloat16 ({size:.1f} MB for '
                f'{2 * size:.1f})'
            )
    return ', '.join(parts)


def describe_trunk(stamp: TaskStamp) -> list[str]:
    """File, fingerprint and coverage of one trunk."""
    parts = ['random trunk' if stamp.report is None else f'trunk {stamp.report.file}']
    if stamp.record.fingerprint:
        parts.append(f'fingerprint {stamp.record.fingerprint[:8]}')
    if stamp.report is not None:
        parts.append(f'coverage {stamp.report.coverage}')
        trainable = stamp.content['trainable']
        fresh = [n for n in stamp.report.fresh if is_trained(n, trainable)]
        if fresh:
            parts.append(f'not in the file, and trained: {shortened(fresh)}')
    return parts
