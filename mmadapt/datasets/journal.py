"""Which files decoded in an earlier call, so that a long check goes on."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ['JOURNAL', 'drop_torn_line', 'mark_of', 'read_journal']

JOURNAL = '.decoded'
"""File in the data folder with a line for each file that decoded."""


def mark_of(file: Path) -> str | None:
    """What the journal remembers a file by, None where there is no file."""
    if not file.is_file():
        return None
    status = file.stat()
    return f'{status.st_size} {status.st_mtime_ns} {file.absolute()}'


def read_journal(journal: Path) -> set[str]:
    """The lines of a journal, without one that was cut off."""
    if not journal.is_file():
        return set()
    text = journal.read_text(encoding='utf-8', errors='replace')
    return set(text.split('\n')[:-1])


def drop_torn_line(journal: Path) -> None:
    """Cut a journal behind its last whole line, so that the next one begins a line."""
    if not journal.is_file():
        return
    content = journal.read_bytes()
    whole = content.rfind(b'\n') + 1
    if whole < len(content):
        os.truncate(journal, whole)
