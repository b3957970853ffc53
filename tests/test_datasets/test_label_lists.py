"""Lists of photos with several labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmadapt.datasets.label_lists import find_list, read_label_list
from mmadapt.errors import DataError

SAME = {
    'csv': 'path,labels\na b.jpg,sea,old boat\n\nc.jpg,"sea,air"\nd.jpg,\n',
    'jsonl': (
        '{"path": "a b.jpg", "labels": ["sea", "old boat"]}\n\n'
        '{"labels": ["sea", "air"], "path": "c.jpg"}\n'
        '{"path": "d.jpg", "labels": []}\n'
    ),
    'txt': 'a b.jpg\tsea, old boat\n\nc.jpg sea,air\nd.jpg -\n',
}


@pytest.mark.parametrize('ending', SAME)
def test_three_forms_of_the_same(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f'train.{ending}'
    # As a spreadsheet writes it.
    file.write_text(SAME[ending].replace('\n', '\r\n'), encoding='utf-8-sig')
    entries = read_label_list(find_list(tmp_path, 'train'))
    assert [(entry.path, entry.labels) for entry in entries] == [
        ('a b.jpg', ('sea', 'old boat')),
        ('c.jpg', ('sea', 'air')),
        ('d.jpg', ()),
    ]
    first = 2 if ending == 'csv' else 1
    assert [entry.line for entry in entries] == [first, first + 2, first + 3]


@pytest.mark.parametrize(
    ('name', 'text', 'error'),
    [
        ('train.txt', 'a.jpg sea\nb.jpg\n', r"train\.txt, line 2: 'b\.jpg'.*`path -`"),
        ('train.csv', 'a.jpg,sea\n,sea\n', r'train\.csv, line 2: no path'),
        ('train.jsonl', '{"path": "a.jpg"}\n', r'train\.jsonl, line 1'),
        ('train.jsonl', '{"path": "a.jpg", "labels": "sea"}\n', 'line 1'),
        ('train.jsonl', '\n{"path": \n', r'train\.jsonl, line 2'),
        ('train.csv', 'path,labels\n', 'has no line'),
    ],
)
def test_what_is_not_of_the_form(
    tmp_path: Path, name: str, text: str, error: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=error):
        read_label_list(tmp_path / name)


def test_no_list_and_two(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r'no list .*train\.csv, \.jsonl or \.txt'
    ) as no:
        find_list(tmp_path, 'train')
    assert 'holdout' not in str(no.value)
    with pytest.raises(DataError, match=r'holdout=0\.2'):
        find_list(tmp_path, 'val')
    for ending in ('csv', 'txt'):
        (tmp_path / f'val.{ending}').touch()
    with pytest.raises(DataError, match=r'val\.csv and val\.txt.*Keep one'):
        find_list(tmp_path, 'val')
