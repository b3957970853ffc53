"""tools/data/hmdb51.py on imitations of the download."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from mmadapt.datasets.lists import read_list
from mmadapt.errors import DataError
from tests.test_datasets.clips import cut, write_noise
from tests.test_tools.cli import run_tool
from tests.test_tools.test_data.video_layouts import SPLITS, odd_name, write_hmdb51


@pytest.fixture
def prepare(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    return lambda *argv: run_tool(monkeypatch, 'data/hmdb51', '--workers', 2, *argv)


@pytest.mark.parametrize('below', ['', 'hmdb51_org', 'videos'])
def test_lists_of_each_split(
    tmp_path: Path, prepare: Callable[..., None], below: str
) -> None:
    prepare(write_hmdb51(tmp_path, 3, below=below), '--subset')
    for split, number in ((1, 0), (2, 2), (3, 0)):
        train = read_list(tmp_path / f'split{split}' / 'train.csv')
        names = [f'do_{label:02d}' for label in range(3)]
        expected = [Path(below, name, odd_name(name, number)) for name in names]
        assert [Path(e.path) for e in train] == expected
        assert [e.label for e in train] == [0, 1, 2]
        assert all((tmp_path / e.path).is_file() for e in train)
        val, test = (
            (tmp_path / f'split{split}' / f'{part}.csv').read_text()
            for part in ('val', 'test')
        )
        assert val == test
        assert odd_name('do_01', 1) in val
    assert (tmp_path / 'classes.txt').read_text() == 'do_00\ndo_01\ndo_02\n'


def test_one_split_alone(tmp_path: Path, prepare: Callable[..., None]) -> None:
    prepare(write_hmdb51(tmp_path, 2), '--subset', '--split', 2)
    assert [p.name for p in tmp_path.glob('split*')] == ['split2']


def test_the_published_counts_pass_and_others_don_t(
    tmp_path: Path, prepare: Callable[..., None]
) -> None:
    write_hmdb51(tmp_path, 51, (1,) * 70 + (2,) * 30 + (0,))
    prepare(tmp_path, '--split', 1, '--no-decode')
    train = read_list(tmp_path / 'split1' / 'train.csv')
    test = read_list(tmp_path / 'split1' / 'test.csv')
    assert (len(train), len(test)) == (3570, 1530)
    assert Counter(e.label for e in train) == dict.fromkeys(range(51), 70)
    assert Counter(e.label for e in test) == dict.fromkeys(range(51), 30)
    file = tmp_path / SPLITS / 'do_05_test_split1.txt'
    file.write_text(file.read_text().replace(' 1 \n', ' 0 \n', 1))
    with pytest.raises(DataError, match='3,569, published: 3,570.*of do_05: 69'):
        prepare(tmp_path, '--split', 1, '--no-decode')
    prepare(tmp_path, '--split', 2, '--no-decode')


def test_too_few_classes_are_refused(
    tmp_path: Path, prepare: Callable[..., None]
) -> None:
    with pytest.raises(DataError, match='classes: 3, published: 51'):
        prepare(write_hmdb51(tmp_path, 3))


def test_broken_clips(tmp_path: Path, prepare: Callable[..., None]) -> None:
    write_hmdb51(tmp_path, 3, (1, 1, 2))
    first, second = (tmp_path / 'do_00' / odd_name('do_00', n) for n in (0, 1))
    first.unlink()
    second.unlink()
    cut(write_noise(second, 40, 'mpeg4'))
    with pytest.raises(DataError, match='2 of 9 clips are broken'):
        prepare(tmp_path, '--subset', '--split', 1)
    named = (tmp_path / 'broken_clips.txt').read_text().splitlines()
    assert named[0] == f'{first}\tmissing'
    assert named[1].startswith(f'{second}\t')
    assert 'cut off' in named[1]
    assert not (tmp_path / 'split1').exists()


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('a.avi 3 \n', 'line 1: flag 3; allowed: 0'),
        ('a.avi\n', r"line 1: 'a\.avi' is not"),
        ('a.avi 1\n\na.avi 2\n', "line 3: 'a.avi' has the label 2, and 1 in line 1"),
        ('', 'has no line'),
    ],
)
def test_wrong_split_files_are_named(
    tmp_path: Path, prepare: Callable[..., None], text: str, message: str
) -> None:
    write_hmdb51(tmp_path, 2)
    (tmp_path / SPLITS / 'do_01_test_split1.txt').write_text(text)
    with pytest.raises(DataError, match=f'do_01_test_split1.*{message}'):
        prepare(tmp_path, '--subset')


def test_missing_files_are_named(tmp_path: Path, prepare: Callable[..., None]) -> None:
    with pytest.raises(DataError, match=r'Unpack test_train_splits\.rar'):
        prepare(tmp_path)
    write_hmdb51(tmp_path, 2)
    (tmp_path / SPLITS / 'do_01_test_split3.txt').unlink()
    with pytest.raises(DataError, match='no list .*do_01_test_split3'):
        prepare(tmp_path, '--subset')
    with pytest.raises(DataError, match='holds no CLASS_test_split1'):
        prepare(tmp_path, '--splits', tmp_path / 'do_00')


def test_packed_classes_are_pointed_at(
    tmp_path: Path, prepare: Callable[..., None]
) -> None:
    write_hmdb51(tmp_path, 2)
    empty = tmp_path / 'elsewhere'
    empty.mkdir()
    argv = ('--subset', '--videos', empty)
    with pytest.raises(DataError, match='no folder do_00 of clips in .*elsewhere'):
        prepare(tmp_path, *argv)
    (empty / 'do_01.rar').touch()
    with pytest.raises(DataError, match='still packed.*unrar x'):
        prepare(tmp_path, *argv)
