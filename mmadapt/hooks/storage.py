"""Files that are whole or not there, and removals that wait for them."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmengine.fileio import register_backend
from mmengine.fileio.backends import LocalBackend

from ..errors import StorageError

__all__ = ['AtomicLocalBackend', 'LateRemoval', 'this_host', 'write_whole']


def this_host() -> str:
    """The name of this machine, as a part of the names of files."""
    return re.sub(r'[^A-Za-z0-9_-]', '_', platform.node()) or 'host'


def write_whole(content: bytes, path: str | os.PathLike[str]) -> None:
    """Write a file so that it is there whole or, after a crash, as it was.

    Args:
        content: The bytes.
        path: The file; its folder is made.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    own = f'{this_host()}.{os.getpid()}'  # others may write to the folder too
    temporary = target.with_name(f'.{target.name}.{own}.tmp')
    try:
        with temporary.open('wb') as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    if os.name == 'nt':
        return  # which opens no folder
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name itself survives a power cut
    finally:
        os.close(folder)


class AtomicLocalBackend(LocalBackend):
    """MMEngine's local files, written to a temporary name and renamed."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes to a file, whole or not at all.

        Raises:
            StorageError: It can't be written; files of before are as they were.
        """
        try:
            write_whole(obj, filepath)
        except OSError as error:
            raise StorageError(
                f"'{filepath}' ({len(obj):,} bytes) can't be written: {error}. Files "
                'that were written before are whole: make room, and go on with '
                '--resume.'
            ) from error


register_backend('mmadapt.AtomicLocalBackend', AtomicLocalBackend, force=True)


class LateRemoval:
    """A file backend whose removals wait until what replaces the files is written.

    Args:
        backend: The backend that does the work.
    """

    def __init__(self, backend: Any) -> None:
        self.backend = backend
        self.waiting: list[tuple[str, str]] = []
        self.depth = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.backend, name)

    def remove(self, path: str) -> None:
        """Remove a file, later where removals wait."""
        self._remove('remove', path)

    def rmtree(self, path: str) -> None:
        """Remove a folder, later where removals wait."""
        self._remove('rmtree', path)

    def _remove(self, how: str, path: str) -> None:
        if self.depth:
            self.waiting.append((how, str(path)))
        else:
            getattr(self.backend, how)(path)

    @contextmanager
    def waits(self, keep: Any) -> Iterator[None]:
        """Removals inside happen at the end, and not at all after an error.

        Args:
            keep: Called at the end; the paths that were written and must stay.
        """
        self.depth += 1
        try:
            yield
        except BaseException:
            self.waiting.clear()
            raise
        finally:
            self.depth -= 1
        if self.depth == 0:
            waiting, self.waiting = self.waiting, []
            kept = {str(path) for path in keep()}
            for how, path in waiting:
                if path not in kept:
                    getattr(self.backend, how)(path)
