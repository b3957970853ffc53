"""What is remembered of a check."""

from __future__ import annotations

import os
from pathlib import Path

from mmadapt.datasets.journal import drop_torn_line, mark_of, read_journal


def test_a_line_that_was_cut_off_does_not_count(tmp_path: Path) -> None:
    (tmp_path / 'journal').write_text('1 2 /a.jpg\n1 2 /b')
    assert read_journal(tmp_path / 'journal') == {'1 2 /a.jpg'}
    assert read_journal(tmp_path / 'none') == set()


def test_a_mark_changes_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / 'a file'
    assert mark_of(file) is None
    file.write_bytes(b'12')
    first = mark_of(file)
    assert mark_of(file) == first
    os.utime(file, (1, 1))
    assert mark_of(file) == f'2 {10**9} {file}' != first


def test_the_next_line_begins_behind_a_whole_one(tmp_path: Path) -> None:
    journal = tmp_path / 'journal'
    drop_torn_line(journal)
    assert not journal.exists()
    for content, kept in (('1 /a\n2 /', '1 /a\n'), ('1 /a\n', '1 /a\n'), ('1 /', '')):
        journal.write_text(content)
        drop_torn_line(journal)
        assert journal.read_text() == kept
