"""Reading a checkpoint without running what is in it."""

from __future__ import annotations

import pickle
import pickletools
import zipfile
from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import UntrustedFileError, WeightsError
from .download import is_address, local_copy
from .origin import remember_origin
from .safe_file import read_safetensors

__all__ = [
    'load_from_local',
    'named',
    'read_checkpoint',
    'state_dict_of',
    'trust_checkpoint',
    'without_code',
]

_TRUSTED: set[Path] = set()  # files named by the user; see trust_checkpoint

# Where training codes put the weights: MMEngine; timm, MAE and VideoMAE; DeepSpeed.
_WRAPPERS = ('state_dict', 'model', 'module')


def trust_checkpoint(path: str | PathLike[str]) -> None:
    """Allow one file to be unpickled, which can run any code that it holds.

    Args:
        path: The file, or the web address of one; no other one is allowed by it.

    Raises:
        WeightsError: No such file.
    """
    file = local_copy(str(path)) if is_address(path) else _resolve(path)
    if not is_address(path) and not file.is_file():
        raise WeightsError(f"--trust-checkpoint '{path}': no such file.")
    _TRUSTED.add(file.resolve())


def read_checkpoint(
    path: str | PathLike[str], map_location: Any = 'cpu'
) -> dict[str, Any]:
    """Read a ``.pth``, ``.pt`` or ``.safetensors`` file of tensors and plain Python.

    Args:
        path: The file.
        map_location: Where tensors go, as in :func:`torch.load`.

    Returns:
        What was saved, as a dict.

    Raises:
        UntrustedFileError: The file needs unpickling and was not trusted by name.
        WeightsError: No such file, a truncated or damaged one, or not a checkpoint.
    """
    file = _resolve(path)
    if not file.is_file():
        raise WeightsError(
            f"checkpoint '{path}' does not exist. Give the path of a file on this "
            'machine; a web address has to be downloaded first.'
        )
    # A link may point to a file of another name, as those of a cache do.
    if '.safetensors' in (Path(path).suffix.lower(), file.suffix.lower()):
        content = read_safetensors(file, map_location)
    else:
        content = _read_pickle(path, file, map_location)
    remember_origin(content, str(path))
    return content


def _read_pickle(
    path: str | PathLike[str], file: Path, map_location: Any
) -> dict[str, Any]:
    """The content of a file of torch's."""
    _check_bytes(path, file)
    try:
        content = torch.load(
            file, map_location=map_location, weights_only=file not in _TRUSTED
        )
    except (MemoryError, torch.OutOfMemoryError):
        raise
    # Broken files fail in as many ways as there are bytes; all mean the same here.
    except Exception as error:
        if isinstance(error, pickle.UnpicklingError) and _is_whole_pickle(file):
            raise UntrustedFileError(_refusal(path, file)) from error
        raise WeightsError(
            f"checkpoint '{path}' can't be read: it is truncated or no checkpoint "
            f'({type(error).__name__}). Its size is {file.stat().st_size:,} bytes; '
            'compare it with the source, and copy or download it again.'
        ) from error
    if not isinstance(content, Mapping):
        raise WeightsError(
            f"checkpoint '{path}' holds a {type(content).__name__}; a dict of tensors, "
            "or one with 'state_dict' or 'model' in it, is needed."
        )
    return dict(content)


def state_dict_of(
    checkpoint: Mapping[str, Any], file: str | PathLike[str] = ''
) -> dict[str, Tensor]:
    """The named tensors of a checkpoint, out of whatever they are wrapped in.

    Args:
        checkpoint: What :func:`read_checkpoint` returned, or a state dict.
        file: Where it was read from, for the message.

    Raises:
        WeightsError: There are no named tensors in it.
    """
    content: Mapping[str, Any] = checkpoint
    for wrapper in _WRAPPERS:
        if isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    tensors = {
        name: value.detach()
        for name, value in content.items()
        if isinstance(name, str) and isinstance(value, Tensor)
    }
    if not tensors:
        raise WeightsError(
            f'{named(file)} holds no named tensors; its entries are: '
            f'{", ".join(map(str, list(checkpoint)[:10])) or "none"}. The weights are '
            f'looked for at the top and under {", ".join(_WRAPPERS)}.'
        )
    return tensors


def named(file: str | PathLike[str]) -> str:
    """What a message calls a checkpoint, whose file may not be known."""
    return f"checkpoint '{fspath(file)}'" if file else 'the checkpoint'


def load_from_local(filename: str, map_location: Any = None) -> dict[str, Any]:
    """The loader of local files for MMEngine's ``CheckpointLoader``.

    MMEngine's own one leaves ``weights_only`` to torch, which refuses what MMEngine
    itself wrote. Code in ``meta`` is left out. Its log line drops the first ten
    letters of this function's name.

    Args:
        filename: The file.
        map_location: As in :func:`torch.load`.
    """
    return without_code(read_checkpoint(filename, map_location))


def without_code(checkpoint: dict[str, Any]) -> dict[str, Any]:
    """A checkpoint without the one entry that MMEngine runs as Python when it resumes.

    ``Runner.resume`` executes ``meta['config']`` to learn how many GPUs a run of 2021
    had. Nothing that MMEngine writes has it, and nothing else reads it.
    """
    meta = checkpoint.get('meta')
    if not isinstance(meta, Mapping) or 'config' not in meta:
        return checkpoint
    kept = {name: value for name, value in meta.items() if name != 'config'}
    return {**checkpoint, 'meta': kept}


def _resolve(path: str | PathLike[str]) -> Path:
    return Path(path).expanduser().resolve()


def _check_bytes(path: object, file: Path) -> None:
    """Compare the parts of a file with their checksums, which torch doesn't.

    Files of torch before 1.6 have none.

    Raises:
        WeightsError: A part that isn't what was written.
    """
    if not zipfile.is_zipfile(file):
        return
    try:
        with zipfile.ZipFile(file) as parts:
            damaged = parts.testzip()
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError) as error:
        damaged = f'its index ({error})'
    if damaged is not None:
        raise WeightsError(
            f"checkpoint '{path}' is damaged: the checksum of {damaged} does not match "
            'what is there. Copy or download it again.'
        )


def _is_whole_pickle(file: Path) -> bool:
    """Whether the file is sound, so that it was refused for what it asks to run."""
    if zipfile.is_zipfile(file):
        return True
    try:
        with file.open('rb') as stream:
            # Older files of torch are several pickles in a row; the first tells.
            for _ in pickletools.genops(stream):
                pass
    except (ValueError, OSError):
        return False
    return True


def _refusal(path: object, file: Path) -> str:
    needed = ''
    listing = getattr(torch.serialization, 'get_unsafe_globals_in_checkpoint', None)
    if listing is not None and zipfile.is_zipfile(file):
        needed = f' (it asks for {", ".join(sorted(listing(file)))})'
    return (
        f"checkpoint '{path}' is more than tensors and plain Python{needed}, and "
        'unpickling it can run any code. If you trust where it comes from, name it: '
        f'--trust-checkpoint {path} on the command line, or '
        f"mmadapt.weights.trust_checkpoint('{path}')."
    )
