"""The small files beside kept activations."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmadapt.cache import notes
from mmadapt.cache.notes import Lines


@pytest.mark.parametrize('part', [1, 2, 3, 7, 1 << 24])
@pytest.mark.parametrize(
    'text',
    [b'', b'\n', b'cut short', b'a\n', b'a\n\nbcd\n', b'a\nbc\ncut', b'\xff\n' * 9],
)
def test_lines_are_those_that_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes, part: int
) -> None:
    monkeypatch.setattr(notes, 'PART', part)
    (tmp_path / 'file').write_bytes(text)
    lines = Lines(tmp_path / 'file')
    expected = text.split(b'\n')[:-1]
    assert (len(lines), list(lines)) == (len(expected), expected)
    assert lines[1:] == expected[1:]
    assert [lines[-1]] == expected[-1:] if expected else not lines
    with pytest.raises(IndexError):
        lines[len(expected)]


def test_a_file_that_is_missing_has_none(tmp_path: Path) -> None:
    assert not Lines(tmp_path / 'file')
