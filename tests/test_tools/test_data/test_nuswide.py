"""tools/data/nuswide.py on an imitation of two concepts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mmpretrain.registry import DATASETS

from mmadapt.errors import ConfigError, DataError
from tests.test_tools.test_data.downloads import (
    faults,
    jpeg,
    run_data_tool,
    state_of,
    write_files,
)

SMALL = {'CONCEPTS': 2, 'COUNTS': {'train': 3, 'test': 2}}
TRUTH = 'Groundtruth/TrainTestLabels/Labels_{}_{}.txt'
TEXTS = {
    'ConceptsList/Concepts81.txt': 'airport\r\nbeach\r\n',
    'ImageList/TrainImagelist.txt': (
        'actor\\0001_21.jpg\r\nsea\\0002_22.jpg\nsea\\0003_23.jpg\n'
    ),
    'ImageList/TestImagelist.txt': 'sea\\0004_24.jpg\nzoo\\0005_25.jpg\n',
    TRUTH.format('airport', 'Train'): '1\n0\n0\n',
    TRUTH.format('beach', 'Train'): '1\n1\n0\n',
    TRUTH.format('airport', 'Test'): '0\n1\n',
    TRUTH.format('beach', 'Test'): '1\n1\n',
}


def listed() -> list[str]:
    """The photos that the image lists name."""
    lists = [TEXTS[f'ImageList/{part}Imagelist.txt'] for part in ('Train', 'Test')]
    return [name.replace('\\', '/') for text in lists for name in text.split()]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The unpacked text files, and the photos beside them."""
    texts = {name: text.encode() for name, text in TEXTS.items()}
    write_files(tmp_path / 'Flickr', {name: jpeg() for name in listed()})
    return write_files(tmp_path / 'NUS-WIDE', texts)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, source: Path, tmp_path: Path) -> Any:
    photos = tmp_path / 'Flickr'

    def call(*argv: object) -> None:
        where = () if '--photos' in argv else ('--photos', photos)
        run_data_tool(monkeypatch, 'nuswide', *argv, *where, **SMALL)

    return call


def labels(out: Path, part: str) -> list[list[int]]:
    config = {'type': 'MultiLabelList', 'data_root': str(out), 'part': part}
    dataset = DATASETS.build({**config, 'num_classes': 2, 'test_mode': True})
    assert dataset.metainfo['classes'] == ('airport', 'beach')
    return [dataset.get_data_info(i)['gt_label'] for i in range(len(dataset))]


def test_lists_of_the_official_split(run: Any, source: Path, tmp_path: Path) -> None:
    before = state_of(source)
    run(source, '--out', tmp_path / 'data')
    assert state_of(source) == before
    assert labels(tmp_path / 'data', 'train') == [[0, 1], [1], []]
    assert labels(tmp_path / 'data', 'test') == [[1], [0, 1]]
    run('--check-only', '--out', tmp_path / 'data')


def test_photos_of_one_folder_inside_the_data(
    run: Any, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / 'data'
    photos = {Path(name).name: jpeg() for name in listed()}
    write_files(out / 'photos', photos)
    run(source, '--out', out, '--photos', out / 'photos')
    out.rename(tmp_path / 'moved')
    assert labels(tmp_path / 'moved', 'train') == [[0, 1], [1], []]


def test_photos_without_a_label_may_be_left_out(
    run: Any, source: Path, tmp_path: Path
) -> None:
    run(source, '--out', tmp_path, '--drop-unlabelled')
    assert labels(tmp_path, 'train') == [[0, 1], [1]]


def test_missing_photos_are_listed_or_left_out(
    run: Any, source: Path, tmp_path: Path
) -> None:
    (tmp_path / 'Flickr' / 'sea' / '0002_22.jpg').unlink()
    with pytest.raises(DataError, match='1 missing; the first: .*0002_22'):
        run(source, '--out', tmp_path / 'data')
    run(source, '--out', tmp_path / 'data', '--allow-missing')
    assert labels(tmp_path / 'data', 'train') == [[0, 1], []]
    with pytest.raises(DataError, match='1 count; .*train photos: 2 found, 3'):
        run('--check-only', '--out', tmp_path / 'data')


def test_few_photos_in_their_folders(run: Any, source: Path, tmp_path: Path) -> None:
    """That most are missing says nothing of how the others lie."""
    names = [f'actor/{number:04d}_1.jpg' for number in range(200)] + ['sea/0200_1.jpg']
    texts = {'ImageList/TrainImagelist.txt': '\n'.join(names)}
    for concept in ('airport', 'beach'):
        texts[TRUTH.format(concept, 'Train')] = '1\n' * len(names)
    write_files(source, {name: text.encode() for name, text in texts.items()})
    write_files(tmp_path / 'Flickr', {names[-1]: jpeg()})
    run(source, '--out', tmp_path / 'data', '--allow-missing')
    assert labels(tmp_path / 'data', 'train') == [[0, 1]]


@pytest.mark.parametrize(
    ('file', 'text', 'error'),
    [
        (
            TRUTH.format('beach', 'Train'),
            '1\n1\n',
            'has 2 labels, .* has 3 photos',
        ),
        (TRUTH.format('beach', 'Train'), '1\n-1\n0\n', "label 2: '-1' is neither"),
        (TRUTH.format('beach', 'Train'), None, 'has none of Labels_beach_Train.txt'),
        ('ImageList/TestImagelist.txt', None, 'has none of TestImagelist.txt'),
    ],
)
def test_broken_texts(
    run: Any, source: Path, tmp_path: Path, file: str, text: str | None, error: str
) -> None:
    (source / file).unlink()
    if text is not None:
        (source / file).write_text(text)
    with pytest.raises(DataError, match=error):
        run(source, '--out', tmp_path / 'data')


def test_other_counts_are_named(
    run: Any, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SMALL, 'CONCEPTS', 81)
    monkeypatch.setitem(SMALL, 'COUNTS', {'train': 3, 'test': 107_859})
    with pytest.raises(DataError, match='2 count; the first: classes: 2 found, 81'):
        run(source, '--out', tmp_path / 'data')
    assert ('count', 'test photos') in faults(tmp_path / 'data')


def test_photos_have_to_be_named(run: Any, source: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='--photos .*nowhere: no such folder'):
        run(source, '--out', tmp_path / 'data', '--photos', tmp_path / 'nowhere')


def test_photos_without_a_name_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, source: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match='name their folder, --photos FOLDER'):
        run_data_tool(monkeypatch, 'nuswide', source, '--out', tmp_path / 'out')
