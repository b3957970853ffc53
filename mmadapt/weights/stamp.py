"""task_stamp: what a set of adapter weights belongs to, carried with the weights."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import TaskFileError
from .coverage import LoadReport
from .differences import describe
from .fingerprint import TrunkRecord
from .origin import task_file

__all__ = ['TaskStamp', 'decode', 'find_stamps', 'letters']

VERSION = 1
PARTS: dict[str, Callable[[Any], bool]] = {  # of the document, and what each may be
    'fingerprint': lambda value: isinstance(value, str),
    'tensors': lambda value: isinstance(value, dict),
    'adapter': lambda value: (
        isinstance(value, list)
        and all(isinstance(method, dict) and 'type' in method for method in value)
    ),
    'trainable': lambda value: isinstance(value, (list, str)),
    'trained': lambda value: (
        isinstance(value, dict) and all(isinstance(v, list) for v in value.values())
    ),
}
LATER: dict[str, Callable[[Any], bool]] = {  # which older files lack
    'options': lambda value: (
        isinstance(value, dict) and all(isinstance(v, list) for v in value.values())
    ),
}
SHORT = 16  # hex digits of a tensor's hash that the stamp keeps


class TaskStamp(nn.Module):
    """Child of every adapted backbone: one uint8 buffer that names trunk and adapter.

    It travels in the state dict, so that every loader passes it. Loading compares the
    file's stamp with the model's own and raises where MMEngine's loaders, for whom a
    wrong bottleneck or a missing trunk is a log line, would go on.

    Args:
        record: The frozen trunk's hashes; empty where nothing is frozen.
        adapter: The options that decide the adapted function, one dict a method.
        trainable: Prefixes that train beside the adapters, or ``'all'``.
        options: What :func:`~mmadapt.weights.options.trunk_options` finds.
        trained: Name, relative to the backbone, and shape of each trained tensor.
        report: What loading the trunk found, or None.
        trunk_state: ``'loaded'``, ``'random'`` or ``'none'``.
    """

    stamp: Tensor

    def __init__(
        self,
        record: TrunkRecord,
        adapter: Sequence[Mapping[str, Any]],
        trainable: Sequence[str] | str,
        options: Mapping[str, Sequence[Any]],
        trained: Mapping[str, Sequence[int]],
        report: LoadReport | None,
        trunk_state: str,
    ) -> None:
        super().__init__()
        self.record = record
        self.report = report
        self.trunk_state = trunk_state
        content = {
            'version': VERSION,
            'fingerprint': record.fingerprint,
            'tensors': {name: h[:SHORT] for name, h in record.tensors.items()},
            'adapter': [dict(options) for options in adapter],
            'trainable': trainable if isinstance(trainable, str) else list(trainable),
            'options': {name: list(values) for name, values in options.items()},
            'trained': {name: list(shape) for name, shape in trained.items()},
        }
        self.register_buffer('stamp', encode(content))
        self.content: dict[str, Any] = decode(self.stamp)

    def name_trunk(self, record: TrunkRecord, report: LoadReport) -> None:
        """Take note of another trunk that was loaded into the backbone.

        Args:
            record: The hashes of the file's tensors.
            report: What loading found.
        """
        trainable = self.content['trainable']
        everything = trainable == 'all'
        record = TrunkRecord('', {}) if everything else record.without(trainable)
        self.record, self.report, self.trunk_state = record, report, 'loaded'
        tensors = {name: h[:SHORT] for name, h in record.tensors.items()}
        self.content |= {'fingerprint': record.fingerprint, 'tensors': tensors}
        self.stamp = encode(self.content).to(self.stamp.device)

    def check(self, state_dict: Mapping[str, Any], key: str, where: str) -> None:
        """Compare a file's stamp with this one.

        Args:
            state_dict: What the file holds.
            key: Name of the stamp in it.
            where: Name of the backbone in the model, for the message.

        Raises:
            TaskFileError: With every difference named.
        """
        file = task_file(state_dict.values())
        if key not in state_dict:
            raise TaskFileError(
                f'the {file} has no task_stamp: it is no task file for {where}. '
                "Pre-trained weights go into init_cfg=dict(type='PretrainedTrunk', "
                'checkpoint=FILE), on the command line trunk=FILE; load_from, --resume '
                'and tools/test.py take what AdapterCheckpointHook wrote.'
            )
        if self.trunk_state == 'none' and self.content['trainable'] != 'all':
            raise TaskFileError(
                f'{where} was built with init_cfg=None, so that its trunk has no '
                f'weights; the {file} means nothing on it. Give it '
                "init_cfg=dict(type='PretrainedTrunk', checkpoint=FILE), on the "
                'command line trunk=FILE.'
            )
        content = decode(state_dict[key])
        differences = describe(content, self.content)
        if differences:
            rows = '\n'.join(f'  {row}' for row in differences)
            raise TaskFileError(
                f'the {file} does not belong to {where}:\n{rows}\nUse the config '
                f'and the trunk it was trained with.{self.hint(content)}'
            )

    def hint(self, content: Mapping[str, Any]) -> str:
        """What else to say about a trunk that is not the file's.

        Args:
            content: The content of the file's stamp.
        """
        other = content['fingerprint'] != self.content['fingerprint']
        if other and self.report is not None:
            return f" The trunk of the model was read from '{self.report.file}'."
        if self.trunk_state == 'random':
            return ' A RandomTrunk is the same again only with the same seed.'
        return ''

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        """Write the content, not the buffer: SyncBuffersHook averages the buffers of
        all ranks in their own dtype, and a sum of three letters overflows a byte.
        """
        destination[f'{prefix}stamp'] = encode(self.content).to(self.stamp.device)

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Compare, and raise; there is nothing to copy, for the stamps are equal.

        Plain ``load_state_dict`` ends here too. The stamp is the backbone's last child,
        so what the backbone misses has been collected by then.
        """
        backbone = prefix.removesuffix('.').rpartition('.')[0]
        self.check(state_dict, f'{prefix}stamp', backbone or 'the backbone')
        lead = f'{backbone}.' if backbone else ''
        trained = {f'{lead}{name}' for name in self.content['trained']}
        if absent := sorted(trained & {*missing_keys}):
            raise TaskFileError(
                f'the {task_file(state_dict.values())} lacks trained weights: '
                f'{", ".join(absent)}.'
            )
        # The frozen trunk isn't part of a task file, so it isn't missing from one.
        missing_keys[:] = [key for key in missing_keys if not key.startswith(lead)]


def find_stamps(model: nn.Module) -> dict[str, TaskStamp]:
    """Stamps of a model by the name of their backbone ('' for the model itself)."""
    return {
        name.rpartition('.')[0]: module
        for name, module in model.named_modules()
        if isinstance(module, TaskStamp)
    }


def encode(content: Mapping[str, Any]) -> Tensor:
    """A JSON document as a uint8 tensor ``(L,)``, the same for equal content."""
    text = json.dumps(content, sort_keys=True, separators=(',', ':'))
    return torch.tensor(list(text.encode()), dtype=torch.uint8)


def decode(stamp: object) -> dict[str, Any]:
    """The document in a stamp.

    Args:
        stamp: What a checkpoint holds under that name.

    Raises:
        TaskFileError: It isn't one of this version.
    """
    try:
        content = json.loads(letters(stamp))
        version = content['version']
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise broken(stamp, str(error)) from error
    if version != VERSION:
        raise TaskFileError(
            f'the {task_file([stamp])} has a stamp of version {version}; this mmadapt '
            f'reads version {VERSION}. Use the mmadapt it was written with.'
        )
    if absent := PARTS.keys() - content.keys():
        raise broken(stamp, f'it lacks {sorted(absent)}')
    content.setdefault('options', {})  # files from before there were any
    for part, fits in {**PARTS, **LATER}.items():
        if not fits(content[part]):
            raise broken(stamp, f'its {part} is {content[part]!r}')
    return dict(content)


def letters(stamp: object) -> str:
    """The text in a stamp.

    Raises:
        ValueError: It is no tensor ``(L,)`` of bytes, or they are no text.
    """
    if not isinstance(stamp, Tensor):
        raise ValueError(f'a {type(stamp).__name__}, no tensor')
    if stamp.dtype != torch.uint8 or stamp.ndim != 1:
        raise ValueError(f'{stamp.dtype} {tuple(stamp.shape)}, no row of bytes')
    return bytes(stamp.cpu().tolist()).decode()


def broken(stamp: object, reason: str) -> TaskFileError:
    """The error about a stamp that can't be read."""
    return TaskFileError(
        f'the task_stamp of the {task_file([stamp])} is broken ({reason}); use another '
        'copy of it.'
    )
