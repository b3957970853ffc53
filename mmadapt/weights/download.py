"""Checkpoints from the web: downloaded to a file, then read like any other file."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlparse

import torch

from ..errors import WeightsError

__all__ = ['is_address', 'local_copy', 'read_from_web']


def is_address(path: object) -> bool:
    """Whether a checkpoint is named by a web address."""
    return str(path).startswith(('http://', 'https://'))


def local_copy(url: str, folder: str | None = None) -> Path:
    """Where torch.hub keeps, or will keep, the file of an address.

    Args:
        url: The address.
        folder: A folder of one's own; None is torch.hub's.
    """
    place = Path(folder) if folder else Path(torch.hub.get_dir()) / 'checkpoints'
    return place / Path(urlparse(url).path).name


def read_from_web(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
) -> dict[str, Any]:
    """In the place of torch's ``load_url``, which unpickles whatever it is sent.

    Args:
        url: The address.
        model_dir: Where to keep the file; None is torch.hub's folder.
        map_location: As in :func:`torch.load`.
        progress: Show a bar.
        check_hash: Compare with the hash in the file's name, as torch.hub does.
        file_name: Another name for the file.

    Raises:
        UntrustedFileError: The file needs unpickling and was not trusted by name.
        WeightsError: It can't be downloaded, or is no checkpoint.
    """
    from .reading import read_checkpoint, without_code

    file = local_copy(url, model_dir)
    if file_name is not None:
        file = file.with_name(file_name)
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        found = torch.hub.HASH_REGEX.search(file.name) if check_hash else None
        prefix = found.group(1) if found else None
        try:
            torch.hub.download_url_to_file(url, str(file), prefix, progress)
        except (URLError, OSError, RuntimeError) as error:
            raise WeightsError(
                f"checkpoint '{url}' can't be downloaded ({error}). Download it on a "
                'machine that can, and give the path of the file.'
            ) from error
    return without_code(read_checkpoint(file, map_location))
