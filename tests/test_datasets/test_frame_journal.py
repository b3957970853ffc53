"""The notes of an unfinished store: any damage costs the clips that it hit, no more."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mmadapt.datasets.frame_format import FrameFormat
from mmadapt.datasets.frame_journal import FrameJournal
from mmadapt.datasets.frame_store import KeptClip
from mmadapt.errors import StorageError

RAW = FrameFormat('raw')
A, B = KeptClip(1, 2, 3, 4, 5, 6), KeptClip(6, 5, 4, 3, 2, 1)


@pytest.fixture
def journal(tmp_path: Path) -> FrameJournal:
    """One with a clip."""
    journal = FrameJournal(tmp_path / 'notes')
    journal.begin(RAW)
    journal.add('a', A)
    return journal


def test_what_is_noted_is_read(journal: FrameJournal) -> None:
    journal.begin(RAW)  # of the next call
    journal.add('é\n', B)
    journal.settle()
    assert journal.read() == (RAW, {'a': A, 'é\n': B})
    assert FrameJournal(journal.file.with_name('none')).read() == (None, {})


def test_a_line_behind_a_torn_one_is_a_line(journal: FrameJournal) -> None:
    with journal.file.open('ab') as file:
        file.write(b'["b", [15, 32')
    assert journal.read() == (RAW, {'a': A})
    journal.begin(RAW)
    journal.add('c', B)
    assert journal.read() == (RAW, {'a': A, 'c': B})


@pytest.mark.parametrize(
    'line',
    [
        b'["b", [15, 32["c", [6, 5, 4, 3, 2, 1]]',  # as an earlier release left it
        b'["b", [1, 2, 3, 4, 5]]',
        b'["b", [1, 2, 3, 4, 5, null]]',
        b'["b", [1, 2, 3, 4, 5, true]]',
        b'[7, [1, 2, 3, 4, 5, 6]]',
        b'{}',
        b'7',
        b'',
        bytes(40),
        b'\xff\xfe',
    ],
)
def test_a_line_that_says_nothing_costs_its_clip(
    line: bytes, journal: FrameJournal
) -> None:
    with journal.file.open('ab') as file:
        file.write(line + b'\n')
    journal.begin(RAW)
    journal.add('c', B)
    assert journal.read() == (RAW, {'a': A, 'c': B})


@pytest.mark.parametrize(
    'line',
    [b'', bytes(40), b'[]', b'{"kind": "png"}', b'{"quality": "x"}', b'{"a": 1}'],
)
def test_a_first_line_that_says_nothing_costs_all(
    line: bytes, journal: FrameJournal
) -> None:
    rest = journal.file.read_bytes().split(b'\n', 1)[1]
    journal.file.write_bytes(line + b'\n' + rest)
    assert journal.read() == (None, {})
    journal.begin(RAW)
    journal.add('c', B)
    assert journal.read() == (RAW, {'c': B})


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='of Linux')
def test_no_room_for_a_line(tmp_path: Path) -> None:
    (tmp_path / 'notes').symlink_to('/dev/full')
    journal = FrameJournal(tmp_path / 'notes')
    with pytest.raises(StorageError, match='No space left.*Make room, and call this'):
        journal.begin(RAW)
    with pytest.raises(StorageError, match='No space left'):
        journal.add('a', A)
