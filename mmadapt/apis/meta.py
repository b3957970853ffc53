"""What a task file tells about its classes."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from ..errors import TaskFileError
from ..weights.reading import read_checkpoint, state_dict_of

__all__ = ['check_class_names', 'check_classes', 'class_names', 'count_classes']

# Where the last linear layer of the shipped configs' heads is kept.
HEADS = ('head.fc.weight', 'cls_head.fc.weight', 'cls_head.fc_cls.weight')


def class_names(checkpoint: Mapping[str, Any]) -> list[str]:
    """The class names in a checkpoint, in order of their labels; empty if none."""
    meta = checkpoint.get('meta')
    data = meta.get('dataset_meta') if isinstance(meta, Mapping) else None
    names = data.get('classes') if isinstance(data, Mapping) else None
    return [str(name) for name in names or ()]


def count_classes(
    checkpoint: Mapping[str, Any], file: str | PathLike[str] = ''
) -> int | None:
    """The number of classes that a checkpoint's head tells apart, None if unknown.

    Args:
        checkpoint: What was read.
        file: Where from, for the message.

    Raises:
        WeightsError: There are no named tensors in it.
    """
    state = state_dict_of(checkpoint, file)
    for name in HEADS:
        if name in state:
            return int(state[name].shape[0])
    return len(class_names(checkpoint)) or None


def check_classes(path: str | PathLike[str], dataset: Any) -> None:
    """Refuse data whose classes are others than those that were trained.

    Args:
        path: Task file or checkpoint.
        dataset: The dataset it is to be tested on.

    Raises:
        TaskFileError: Both name their classes, and differ.
    """
    check_class_names(str(path), read_checkpoint(path), dataset)


def check_class_names(file: str, checkpoint: Mapping[str, Any], dataset: Any) -> None:
    """Refuse data whose classes are others than those of a checkpoint that was read.

    Args:
        file: Its name, for the message.
        checkpoint: What is in it.
        dataset: The dataset it is to be used on; None is not compared.

    Raises:
        TaskFileError: Both name their classes, and differ.
    """
    trained = class_names(checkpoint)
    given = [str(n) for n in getattr(dataset, 'metainfo', {}).get('classes') or ()]
    if not trained or not given or trained == given:
        return
    pairs = zip(trained, given, strict=False)
    differ = next((i for i, (a, b) in enumerate(pairs) if a != b), None)
    where = (
        f'; class {differ} is {trained[differ]!r} in the file and {given[differ]!r} '
        'in the data'
        if differ is not None
        else ''
    )
    raise TaskFileError(
        f"'{file}' was trained on {len(trained)} classes, the data has {len(given)}"
        f'{where}. Use it on data with its own classes, in the same order.'
    )
