"""What a model was trained to see: how pixels become numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from ..errors import TaskFileError

__all__ = ['PREPROCESSING', 'check_preprocessing', 'preprocessing']

PREPROCESSING = 'preprocessing'
"""Its key in the ``meta`` of a checkpoint."""


def preprocessing(model: nn.Module) -> dict[str, Any]:
    """Mean, deviation and order of the channels; None of what isn't done.

    Args:
        model: A classifier or recognizer with the ``data_preprocessor`` of its library.
    """
    part = getattr(model, 'data_preprocessor', None)
    found: dict[str, Any] = {}
    for name in ('mean', 'std'):
        value = getattr(part, name, None)
        numbers = value.flatten().tolist() if isinstance(value, Tensor) else None
        found[name] = numbers and [round(number, 4) for number in numbers]
    found['to_rgb'] = bool(getattr(part, 'to_rgb', False))
    return found


def check_preprocessing(
    file: str, checkpoint: Mapping[str, Any], model: nn.Module
) -> None:
    """Refuse a model that would see the pixels otherwise than it was trained to.

    Args:
        file: Name of the checkpoint, for the message.
        checkpoint: What is in it; one that doesn't tell is not compared.
        model: What it is to be loaded into.

    Raises:
        TaskFileError: Both tell, and differ.
    """
    meta = checkpoint.get('meta')
    trained = meta.get(PREPROCESSING) if isinstance(meta, Mapping) else None
    if not isinstance(trained, Mapping):
        return
    own = preprocessing(model)
    rows = [
        f'  {name}: trained with {trained[name]}, the config has {own[name]}'
        for name in own
        if name in trained and trained[name] != own[name]
    ]
    if rows:
        text = '\n'.join(rows)
        raise TaskFileError(
            f"'{file}' was trained on pixels of another normalisation:\n{text}\nGive "
            "the config the data_preprocessor of the file's training."
        )
