"""What is checked and said before an adapted model trains."""

from __future__ import annotations

from collections.abc import Sized

from mmengine.runner import Runner
from torch import nn

from ..adapt import is_trained
from ..errors import DataError, FrozenTrunkError
from ..report import parameter_report
from ..weights.differences import shortened
from ..weights.stamp import TaskStamp, find_stamps

__all__ = ['check_batches', 'check_trunks', 'start_line']


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


def check_batches(runner: Runner) -> None:
    """Refuse a training set that doesn't fill one batch.

    Raises:
        DataError: With the size of set and batch.
    """
    loader = runner.train_dataloader
    if isinstance(loader, Sized) and len(loader) == 0:
        raise DataError(
            f'the training set has {len(loader.dataset)} samples, less than one batch '  # type: ignore[attr-defined]
            f'of {getattr(loader, "batch_size", "?")} (drop_last=True, for the '
            "head's BatchNorm). Lower train_dataloader.batch_size."
        )


def start_line(model: nn.Module) -> str:
    """What trains, and on which trunk."""
    parts = [str(parameter_report(model))]
    for stamp in find_stamps(model).values():
        parts += describe_trunk(stamp)
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
