"""Checkpoints as safetensors: nothing to unpickle, and all but tensors in the header.

The format of https://huggingface.co/docs/safetensors: eight bytes of length, a JSON
header, the tensors. Its ``__metadata__`` is text by name; a file of ours has there

- ``mmadapt``: the version of what follows;
- ``checkpoint``: a JSON document, the checkpoint with names in place of tensors;
- ``task_stamp:BACKBONE``: the stamp of a backbone, itself a JSON document;
- ``sha256``: of all this and of every tensor, for the format has no checksum.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import TaskFileError, WeightsError
from .stamp import letters
from .tree import from_json, to_json

__all__ = ['read_safetensors', 'safetensors_bytes']

VERSION = '1'
STAMP = 'task_stamp.stamp'
STAMPED = 'task_stamp:'


def safetensors_bytes(checkpoint: Mapping[str, Any]) -> bytes:
    """A checkpoint as the content of a ``.safetensors`` file.

    Args:
        checkpoint: Tensors and plain Python. The tensors of ``state_dict`` keep their
            names; others are called by their place, ``optimizer.state.0.exp_avg``.

    Raises:
        TaskFileError: An entry that is neither a tensor nor plain Python, a sparse or
            quantised tensor, or two tensors of one name.
    """
    from safetensors.torch import save

    tensors: dict[str, Tensor] = {}
    texts = {'format': 'pt', 'mmadapt': VERSION}

    def keep(tensor: Tensor, place: str) -> str:
        name = place.removeprefix('state_dict.')
        own = name.endswith(f'.{STAMP}') or name == STAMP
        key = f'{STAMPED}{name.removesuffix(STAMP).removesuffix(".")}' if own else name
        if key in tensors or key in texts:
            raise TaskFileError(f'two tensors of the checkpoint are called {key!r}.')
        if own:
            texts[key] = letters(tensor)
        elif tensor.layout != torch.strided or tensor.is_quantized:
            raise TaskFileError(f'{place} is no dense tensor; safetensors has none.')
        else:
            # a copy, for safetensors refuses tensors that share their memory
            tensors[key] = tensor.detach().cpu().clone().contiguous()
        return key

    try:
        tree = to_json(checkpoint, keep)
    except TypeError as error:
        raise TaskFileError(
            f'{error}, neither a tensor nor plain Python: it has no place in a '
            '.safetensors file. Leave it out of the checkpoint.'
        ) from error
    except ValueError as error:
        raise TaskFileError(f'the task_stamp is broken ({error}).') from error
    texts['checkpoint'] = json.dumps(tree, allow_nan=False)
    texts['sha256'] = checksum(texts, tensors)
    return save(tensors, texts)


def read_safetensors(file: Path, map_location: Any) -> dict[str, Any]:
    """Read any ``.safetensors`` file; one of ours comes back as it was.

    Args:
        file: The file.
        map_location: Device of the tensors, None leaves them on the CPU.

    Raises:
        WeightsError: It is truncated, its header isn't true, a name stands in it
            twice, or its checksum isn't that of its content.
    """
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    except ImportError as error:
        raise WeightsError(
            f"reading '{file}' needs the package safetensors: pip install safetensors."
        ) from error
    try:
        texts = header(file)
        tensors = load_file(file)
        # torch and safetensors disagree on what a broken header is
    except (SafetensorError, OSError, ValueError, KeyError, RecursionError) as error:
        raise WeightsError(
            f"checkpoint '{file}' can't be read: it is truncated or no safetensors "
            f'file ({error}). Copy or download it again.'
        ) from error
    content: dict[str, Any] = tensors
    if 'mmadapt' in texts:
        content = whole(file, texts, tensors)
    return content if map_location is None else moved(content, map_location)


def header(file: Path) -> dict[str, str]:
    """The texts in a header, every name in which stands once.

    Raises:
        ValueError: It isn't JSON of that kind.
    """
    with file.open('rb') as stream:
        length = int.from_bytes(stream.read(8), 'little')
        if length > file.stat().st_size - 8:
            raise ValueError(f'its header would be {length:,} bytes long')
        content = json.loads(stream.read(length).decode(), object_pairs_hook=once)
    texts = content.get('__metadata__') if isinstance(content, dict) else None
    return dict(texts) if isinstance(texts, dict) else {}


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; of two values under one name, readers take either."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f'its header has {name!r} twice')
        found[name] = value
    return found


def whole(
    file: Path, texts: Mapping[str, str], tensors: Mapping[str, Tensor]
) -> dict[str, Any]:
    """The checkpoint in a file of ours, compared with its checksum."""
    if texts['mmadapt'] != VERSION:
        raise WeightsError(
            f"checkpoint '{file}' is written in version {texts['mmadapt']!r}; this "
            f'mmadapt reads version {VERSION}. Use the mmadapt it was written with.'
        )
    if texts.get('sha256') != checksum(texts, tensors):
        raise WeightsError(
            f"checkpoint '{file}' is damaged: its checksum does not match what is "
            'there. Copy or download it again.'
        )
    stamps = {
        name: torch.tensor(list(text.encode()), dtype=torch.uint8)
        for name, text in texts.items()
        if name.startswith(STAMPED)
    }
    try:
        content = from_json(json.loads(texts['checkpoint']), {**tensors, **stamps})
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise WeightsError(
            f"checkpoint '{file}' is damaged: its header does not tell what it holds "
            f'({type(error).__name__}: {error}). Use another copy of it.'
        ) from error
    if not isinstance(content, dict):
        raise WeightsError(f"checkpoint '{file}' holds no dict of tensors.")
    return content


def checksum(texts: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of the texts and of each tensor's name, kind, shape and bytes."""
    digest = hashlib.sha256()
    for name, text in sorted(texts.items()):
        if name != 'sha256':
            digest.update(json.dumps([name, text]).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(
            json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode()
        )
        digest.update(tensor.reshape(-1).contiguous().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def moved(content: Any, device: Any) -> Any:
    """Content with its tensors on a device."""
    if isinstance(content, Tensor):
        return content.to(device)
    if isinstance(content, dict):
        return {name: moved(value, device) for name, value in content.items()}
    if type(content) in (list, tuple):
        return type(content)(moved(value, device) for value in content)
    return content
