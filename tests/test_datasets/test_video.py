"""VideoList: what is known at the start is refused at the start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mmaction.registry import DATASETS
from mmengine.registry import DefaultScope

from mmadapt.datasets import StratifiedPart
from mmadapt.errors import DataError
from tests.test_datasets.clips import write_clip

PIPELINE = [
    {'type': 'OpenVideo'},
    {'type': 'SampleClip', 'clip_len': 2, 'frame_interval': 2},
    {'type': 'DecodeVideo'},
    {'type': 'FormatShape', 'input_format': 'NCTHW'},
    {'type': 'PackActionInputs'},
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two classes; two clips of train below train/, one from data_root itself."""
    first = write_clip(tmp_path / 'train' / 'to walk' / 'one clip.mp4')
    for name in ('train/two.mp4', 'three.mp4', 'val/four.mp4'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(first.read_bytes())
    (tmp_path / 'train.txt').write_text(
        f'to walk/one clip.mp4 0\ntwo.mp4 1\nthree.mp4 1\n{tmp_path}/val/four.mp4 0\n'
    )
    (tmp_path / 'val.txt').write_text('four.mp4 1\n')
    return tmp_path


def build(root: Path, part: str = 'train', **options: Any) -> Any:
    config = {
        'type': 'VideoList',
        'ann_file': f'{part}.txt',
        'data_root': str(root),
        'pipeline': PIPELINE,
    }
    with DefaultScope.overwrite_default_scope('mmaction'):
        return DATASETS.build({**config, **options})


def test_paths_are_found_wherever_they_start(root: Path) -> None:
    dataset = build(root)
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    found = [Path(info['filename']).relative_to(root).as_posix() for info in infos]
    assert found == [
        'train/to walk/one clip.mp4',
        'train/two.mp4',
        'three.mp4',
        'val/four.mp4',
    ]
    assert [info['label'] for info in infos] == [0, 1, 1, 0]
    assert dataset[0]['inputs'].shape == (1, 3, 2, 32, 64)


def test_names_go_into_metainfo(root: Path) -> None:
    assert 'classes' not in build(root).metainfo
    (root / 'classes.txt').write_text('walk\nrun\n')
    assert build(root).metainfo['classes'] == ('walk', 'run')
    assert build(root, 'val', test_mode=True).metainfo['classes'] == ('walk', 'run')


def test_a_held_out_part_has_each_class(root: Path) -> None:
    whole = {'type': 'VideoList', 'ann_file': 'train.txt', 'data_root': str(root)}
    with DefaultScope.overwrite_default_scope('mmaction'):
        parts = [StratifiedPart(whole, 0.5, p) for p in ('rest', 'held_out')]
    labels = [[p.get_data_info(i)['label'] for i in range(len(p))] for p in parts]
    assert [sorted(part) for part in labels] == [[0, 1], [0, 1]]


def test_labels_without_a_class_are_named_with_their_line(root: Path) -> None:
    (root / 'classes.txt').write_text('only\n')
    with pytest.raises(DataError, match=r'line 2: label 1 has no class.*\(0 to 0\)'):
        build(root)


def test_a_number_of_classes_bounds_the_labels_of_any_part(root: Path) -> None:
    assert len(build(root, 'val', num_classes=2, test_mode=True)) == 1
    with pytest.raises(DataError, match='label 1 has no class; there are 1'):
        build(root, 'val', num_classes=1, test_mode=True)
    (root / 'classes.txt').write_text('walk\nrun\n')
    with pytest.raises(DataError, match='num_classes=3, but 2 classes are named'):
        build(root, num_classes=3)


def test_an_empty_class_is_an_error_in_training_only(root: Path) -> None:
    (root / 'classes.txt').write_text('walk\nrun\nfly\n')
    with pytest.raises(DataError, match="class 2 .'fly'"):
        build(root)
    assert len(build(root, 'val', test_mode=True)) == 1
    (root / 'classes.txt').unlink()
    with pytest.raises(DataError, match='class 0, 1 such of 2'):
        build(root, 'val')


def test_a_missing_clip_is_named_with_its_line(root: Path) -> None:
    (root / 'train' / 'two.mp4').unlink()
    with pytest.raises(DataError, match=r"line 2: 'two\.mp4' is not there; looked in"):
        build(root)
