"""Lists are read strictly, and class names once."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmadapt.datasets.lists import Entry, check_labels, find_files, read_list
from mmadapt.datasets.names import folder_names, read_class_names
from mmadapt.errors import DataError


def test_the_label_is_the_last_field(tmp_path: Path) -> None:
    file = tmp_path / 'train.txt'
    file.write_text('a.mp4 0\n\nmy clips/one  two.mp4 12\n  ünïcode.mp4 3  \n')
    assert read_list(file) == [
        (1, 'a.mp4', 0),
        (3, 'my clips/one  two.mp4', 12),
        (4, 'ünïcode.mp4', 3),
    ]


@pytest.mark.parametrize(
    'line', ['a.mp4', 'a.mp4 one', 'a.mp4 1.5', 'a.mp4 -1', 'a.mp4,0', '7', ' 7']
)
def test_other_lines_are_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / 'train.txt'
    file.write_text(f'a.mp4 0\n{line}\n')
    with pytest.raises(DataError, match='line 2'):
        read_list(file)


def test_tabs_and_a_byte_order_mark_are_no_part_of_a_path(tmp_path: Path) -> None:
    file = tmp_path / 'train.txt'
    file.write_bytes(b'\xef\xbb\xbfa.mp4\t1\r\n')
    assert read_list(file) == [(1, 'a.mp4', 1)]


def test_another_encoding_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / 'train.txt'
    file.write_bytes('ü.mp4 1\n'.encode('latin-1'))
    with pytest.raises(DataError, match='not text in UTF-8'):
        read_list(file)


def test_an_empty_list_is_an_error(tmp_path: Path) -> None:
    (tmp_path / 'train.txt').write_text('\n')
    with pytest.raises(DataError, match='no line'):
        read_list(tmp_path / 'train.txt')


def test_a_label_that_is_too_high_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / 'train.txt'
    file.write_text('a.mp4 5\nb.mp4 1\nc.mp4 0\nd.mp4 5\n')
    entries = read_list(file)
    slip = r"highest label, 5, .* is first in line 1 \('a.mp4'\)"
    with pytest.raises(DataError, match=slip):
        check_labels(file, entries, None, None, True)
    with pytest.raises(DataError, match='needs a sample.$'):  # six classes are meant
        check_labels(file, entries, None, 6, True)


def test_a_missing_list_names_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / 'train.txt').write_text('a 0\n')
    with pytest.raises(DataError, match=r'Did you mean .*train\.txt'):
        read_list(tmp_path / 'trian.txt')


def test_class_names_in_label_order(tmp_path: Path) -> None:
    assert read_class_names(tmp_path) is None
    (tmp_path / 'classes.txt').write_text('walk\n\n run fast \n')
    assert read_class_names(tmp_path) == ['walk', 'run fast']


@pytest.mark.parametrize(
    ('text', 'message'), [('', 'no name'), ('a\na\n', "'a' twice")]
)
def test_odd_class_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / 'classes.txt').write_text(text)
    with pytest.raises(DataError, match=message):
        read_class_names(tmp_path)


def test_folder_names_are_sorted_and_visible(tmp_path: Path) -> None:
    for name in ('b', 'a', '.hidden'):
        (tmp_path / name).mkdir()
    (tmp_path / 'file').write_text('')
    assert folder_names(tmp_path) == ['a', 'b']


def test_a_path_that_no_file_system_takes_is_named_with_its_line(
    tmp_path: Path,
) -> None:
    (tmp_path / 'a.jpg').touch()
    entries = [Entry(1, 'a.jpg', 0), Entry(2, 'b' * 300 + '.jpg', 0)]
    with pytest.raises(DataError, match=r'train\.txt, line 2: .bbbb.*too long'):
        find_files(entries, [tmp_path], tmp_path / 'train.txt')
