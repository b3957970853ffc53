"""Small files beside kept activations: whole, or as they were before."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

__all__ = ['lines_of', 'put', 'read_note']


def put(file: Path, content: bytes) -> None:
    """Put a file in the place of an older one; a crash leaves one of the two.

    Args:
        file: In a folder that this process alone writes to.
        content: Its bytes.

    Raises:
        OSError: It can't be written; the older one is as it was.
    """
    new = file.with_name(f'{file.name}.new')
    with new.open('wb') as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    new.replace(file)


def read_note(file: Path) -> Any:
    """What a JSON file holds; None where it isn't there, or was cut short."""
    try:
        return json.loads(file.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def lines_of(file: Path) -> list[bytes]:
    """A file's lines but a last one cut short; none where it isn't there."""
    if not file.is_file():
        return []
    return file.read_bytes().split(b'\n')[:-1]
