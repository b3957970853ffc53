"""What an unfinished store of frames already holds, noted clip by clip."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from ..errors import StorageError
from .frame_format import FrameFormat
from .frame_store import KeptClip
from .journal import drop_torn_line

__all__ = ['FrameJournal']


class FrameJournal:
    """A line of how frames are kept, then one for each clip that is done.

    A call can end in the midst of a line, and a power cut can leave anything in a file
    that was being written. So a line that says nothing is as good as none: its clip is
    done again.

    Args:
        file: Where.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self) -> tuple[FrameFormat | None, dict[str, KeptClip]]:
        """How frames are kept, None where no line says so, and the clips done."""
        lines = self.file.read_bytes().split(b'\n')[:-1] if self.file.is_file() else []
        form = form_of(lines[0]) if lines else None
        if form is None:
            return None, {}
        return form, dict(pair for pair in map(clip_of, lines[1:]) if pair is not None)

    def begin(self, form: FrameFormat) -> None:
        """Make it ready for more lines: whole ones alone, the first says the format.

        Raises:
            StorageError: It can't be written.
        """
        with self.writing():
            drop_torn_line(self.file)
            if self.read()[0] is None:
                self.file.write_text(f'{json.dumps(asdict(form))}\n', encoding='utf-8')

    def add(self, key: str, clip: KeptClip) -> None:
        """Note that a clip is done.

        Raises:
            StorageError: It can't be written.
        """
        # Opened for each line: a line is out at once, and no rest of one that found no
        # room waits for the end.
        with self.writing(), self.file.open('ab') as file:
            file.write(f'{json.dumps([key, clip])}\n'.encode())

    def settle(self) -> None:
        """Have it on the disk, where a power cut leaves it.

        Raises:
            StorageError: It can't be written.
        """
        with self.writing(), self.file.open('ab') as file:
            os.fsync(file.fileno())

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Say what to do where the disk says no.

        Raises:
            StorageError: It did.
        """
        try:
            yield
        except OSError as error:
            raise StorageError(
                f'{self.file} can not be written: {error}. Make room, and call this '
                'again: what is there stays.'
            ) from error


def form_of(line: bytes) -> FrameFormat | None:
    """How frames are kept, by the first line; None where it doesn't say."""
    try:
        return FrameFormat(**json.loads(line.decode()))
    except (ValueError, TypeError):
        return None


def clip_of(line: bytes) -> tuple[str, KeptClip] | None:
    """A clip and its key, by one line; None where it doesn't say."""
    try:
        key, numbers = json.loads(line.decode())
        clip = KeptClip(*numbers)
    except (ValueError, TypeError):
        return None
    if type(key) is not str or any(type(number) is not int for number in clip):
        return None
    return key, clip
