"""Lists are read back as they were meant, or not written."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest

from mmadapt.datasets.lists import read_list
from mmadapt.datasets.video_lists import (
    BROKEN,
    Clip,
    add_arguments,
    prepare_lists,
    write_list,
)
from mmadapt.errors import ConfigError, DataError
from tests.test_datasets.clips import write_clip

ODD = [
    '#20_Rhythm_clap_u_nm_np1_fr_goo_0.avi',
    'Harry_Potter!!(part 2)[HD];a&b.avi',
    'two  spaces and a trailing 7.avi',
    '2',
    'ünïcode 手.avi',
    'quote\'and"more\\.avi',
]


def arguments(*argv: str) -> Namespace:
    parser = ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(['--workers', '1', *argv])


def test_odd_names_come_back(tmp_path: Path) -> None:
    clips = [Clip(tmp_path / 'a class' / name, 7) for name in ODD]
    write_list(tmp_path / 'split1' / 'train.csv', clips, tmp_path)
    read = read_list(tmp_path / 'split1' / 'train.csv')
    assert [(e.path, e.label) for e in read] == [(f'a class/{n}', 7) for n in ODD]


@pytest.mark.parametrize('name', ['a\nb.avi', ' b.avi', 'b\x85c', 'b\udcffc'])
def test_names_that_no_line_holds_are_refused(tmp_path: Path, name: str) -> None:
    clips = [Clip(tmp_path / 'good.avi', 0), Clip(tmp_path / name, 0)]
    with pytest.raises(DataError, match='can not stand in a list'):
        write_list(tmp_path / 'train.csv', clips, tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_lies_elsewhere_is_named_in_full(tmp_path: Path) -> None:
    clip = Clip(tmp_path / 'clips' / 'a.mp4', 3)
    write_list(tmp_path / 'lists' / 'val.csv', [clip], tmp_path / 'lists')
    text = (tmp_path / 'lists' / 'val.csv').read_text()
    assert text == f'{tmp_path}/clips/a.mp4 3\n'


def test_an_empty_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='no clip is left'):
        write_list(tmp_path / 'train.csv', [], tmp_path)


def prepare(root: Path, *argv: str) -> None:
    clips = [Clip(root / 'a.mp4', 0), Clip(root / 'b.mp4', 1)]
    lists = {'train.csv': clips, 'val.csv': clips[:1]}
    prepare_lists(arguments(*argv), root, lists, ['walk', 'run'])


def test_lists_and_names_are_written(tmp_path: Path) -> None:
    for name in ('a.mp4', 'b.mp4'):
        write_clip(tmp_path / name)
    prepare(tmp_path, '--check-only')
    assert sorted(p.name for p in tmp_path.iterdir()) == ['a.mp4', 'b.mp4']
    prepare(tmp_path)
    assert (tmp_path / 'train.csv').read_text() == 'a.mp4 0\nb.mp4 1\n'
    assert (tmp_path / 'val.csv').read_text() == 'a.mp4 0\n'
    assert (tmp_path / 'classes.txt').read_text() == 'walk\nrun\n'


def test_broken_clips_are_named_and_left_out_on_demand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_clip(tmp_path / 'a.mp4')
    with pytest.raises(DataError, match=r'1 of 2 clips are broken.*b\.mp4: missing'):
        prepare(tmp_path)
    assert (tmp_path / BROKEN).read_text() == f'{tmp_path}/b.mp4\tmissing\n'
    assert not (tmp_path / 'train.csv').exists()
    prepare(tmp_path, '--skip-broken')
    assert (tmp_path / 'train.csv').read_text() == 'a.mp4 0\n'
    assert 'train.csv: 1 clips, 1 left out' in capsys.readouterr().out
    write_clip(tmp_path / 'b.mp4')
    prepare(tmp_path)
    assert not (tmp_path / BROKEN).exists()


def test_no_worker_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='--workers 0'):
        prepare(tmp_path, '--workers', '0')
