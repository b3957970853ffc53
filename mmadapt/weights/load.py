"""load_weights(): everything is checked first, then the tensors are copied."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from ..errors import WeightsError
from .coverage import LoadReport, format_rows
from .differences import adapter_rows
from .fingerprint import TrunkRecord, hash_values
from .layouts import Piece, map_names, unused_in_blocks
from .parts import Parts, split
from .reading import read_checkpoint, state_dict_of
from .resize import Tokens, fit, is_sinusoid
from .stamp import TaskStamp, decode
from .values import check_plain, check_weights

__all__ = ['load_weights']


def load_weights(
    model: nn.Module,
    checkpoint: str | PathLike[str] | Mapping[str, Any],
    fresh: Sequence[str] | str = (),
) -> LoadReport:
    """Load a checkpoint of any known layout, or raise and leave the model as it was.

    Known are timm, DeiT and ``jx_*``, MAE, VideoMAE (pre-trained and fine-tuned), the
    official AdaptFormer files with and without adapters and head, MMPretrain and
    MMAction2; other backbones take files with their own names. The layout is told from
    the keys. Position tables are resized, a patch embedding of images is inflated for
    clips, and the biases of q, k and v take the model's form.

    Args:
        model: A backbone, adapted or not, or a whole classifier or recognizer.
        checkpoint: A path, what was read from one, or a state dict.
        fresh: Prefixes, inside the backbone, of parameters that may be absent because
            they are trained (``['fc_norm']``); ``'all'`` when everything is: then the
            norm after pooling may be absent, which pre-training files never have.

    Returns:
        What was loaded, left over, resized and kept.

    Raises:
        WeightsError: The file lacks something that the trunk needs, or has it in a
            shape that can't be fitted; with a table. Or its adapters have other
            options than the model's, or a weight is no number.
        UntrustedFileError: The file would have to be unpickled.

    Examples:
        >>> report = load_weights(backbone, 'deit_tiny.pth')
        >>> report.coverage
        '150/150'
    """
    if isinstance(checkpoint, Mapping):
        file, content = '<state dict>', dict(checkpoint)
    else:
        file, content = fspath(checkpoint), read_checkpoint(checkpoint)
    parts = split(model, fresh)
    state = state_dict_of(content, file)
    check_plain(file, state)
    stamp = getattr(parts.backbone, 'task_stamp', None)
    if isinstance(stamp, TaskStamp):
        _check_adapters(file, state, stamp)
    layout, mapped, left = map_names(state, parts.tensors.keys(), parts.prefix)
    tokens = Tokens.of(state)
    fitted = {
        name: fit(name, piece.tensor, parts.tensors[name], parts.backbone, tokens)
        for name, piece in mapped.items()
    }
    ready = {name: tensor for name, tensor in fitted.items() if tensor is not None}
    # A head of another task stays out; a computed table of another size isn't needed,
    # but one of positions can be learned, and then has to fit.
    spare = {*parts.outside, *(n for n in parts.buffers if not _is_positions(n))}
    misfits = [name for name in fitted if name not in ready and name not in spare]
    # Half an adapter would be no adapter: a file with any has to have them all.
    needed = list(parts.required)
    if any(name in mapped for name in parts.adapters):
        needed += parts.adapters

    report = LoadReport(
        file=file,
        layout=layout,
        loaded={name: mapped[name].origin for name in ready},
        fresh=[
            name
            for name in (*parts.fresh, *parts.adapters, *parts.outside)
            if name not in ready
        ],
        missing=[name for name in needed if name not in ready],
        unexpected=left + [mapped[n].origin for n in fitted if n in spare - set(ready)],
        resized=[n for n in ready if ready[n].shape != mapped[n].tensor.shape],
        record=_record(file, parts, mapped, ready),
        needed=len(needed),
    )
    if report.missing or misfits:
        raise WeightsError(_explain(model, parts, report, mapped, misfits))
    # tables that a model computes may mask by infinities
    computed = {*parts.buffers} & spare
    check_weights(
        file, {n: t for n, t in ready.items() if n not in computed}, parts.tensors
    )
    with torch.no_grad():
        for name, tensor in ready.items():
            parts.tensors[name].copy_(tensor)
    if isinstance(stamp, TaskStamp):
        stamp.name_trunk(report.record, report)
    _warn_of_unused(state, report)
    return report


def _check_adapters(file: str, state: Mapping[str, Tensor], stamp: TaskStamp) -> None:
    """Compare the adapter options of a file that names them: some have no tensor."""
    for name, tensor in state.items():
        if not name.endswith('task_stamp.stamp'):
            continue
        rows = adapter_rows(decode(tensor)['adapter'], stamp.content['adapter'])
        if rows:
            text = '\n'.join(f'  {row}' for row in rows)
            raise WeightsError(
                f"'{file}' holds the adapters of another config:\n{text}\nUse the "
                'adapter config it was trained with, or a file of the trunk alone.'
            )


def _warn_of_unused(state: Mapping[str, Tensor], report: LoadReport) -> None:
    """Say that the file has more trunk than the model: it may be meant, or not."""
    unused = unused_in_blocks(state, report.unexpected)
    if unused:
        print_log(
            f"'{report.file}' has {len(unused)} tensors of blocks that the model has "
            f'no place for ({unused[0]}, ...): the model is not the one that was '
            'pre-trained. Compare depth, qkv_bias, layer scale and class tokens; of a '
            'file with adapters a trunk takes none (tools/converters/import_task.py '
            'makes a task file of them).',
            logger='current',
            level=logging.WARNING,
        )


def _is_positions(name: str) -> bool:
    return name.rpartition('.')[2] == 'pos_embed'


def _record(
    file: str, parts: Parts, mapped: Mapping[str, Piece], ready: Mapping[str, Tensor]
) -> TrunkRecord:
    """Hash what the frozen trunk takes from the file, tables it computes left out."""
    own = [name for name in parts.required if name in ready]
    own += [
        name
        for name in parts.buffers
        if name in ready
        and _is_positions(name)
        and not is_sinusoid(mapped[name].tensor)
    ]
    hashes = {
        name.removeprefix(parts.prefix): hash_values(mapped[name].tensor)
        for name in own
    }
    return TrunkRecord(Path(file).name, hashes)


def _explain(
    model: nn.Module,
    parts: Parts,
    report: LoadReport,
    mapped: Mapping[str, Piece],
    misfits: Sequence[str],
) -> str:
    """The error: a table, and what to do."""

    def shape(name: str) -> tuple[int, ...]:
        return tuple(parts.tensors[name].shape)

    absent = [f'{n} {shape(n)}' for n in report.missing if n not in mapped]
    wrong = [
        f'{n} {shape(n)}, in the file {tuple(mapped[n].tensor.shape)}' for n in misfits
    ]
    rows = [
        *format_rows('missing in the file', absent),
        *format_rows('of another shape', wrong),
        *format_rows('left over in the file', report.unexpected),
    ]
    head = (
        f"'{report.file}' does not give {type(model).__name__} the trunk it needs: "
        f'{report.coverage} tensors found (layout: {report.layout}).'
    )
    advice = (
        'Make the backbone the one that was pre-trained (arch, img_size, patch_size, '
        'tubelet_size, qkv_bias), or give its checkpoint. What is to be trained from '
        "scratch belongs in trainable=['fc_norm', ...]."
    )
    return '\n'.join([head, *rows, advice])
