"""A dataset outlives broken files, says so, and draws the same each time."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS, TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.dataset import ConcatDataset, RepeatDataset, pseudo_collate
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from torch.utils.data import DataLoader

from mmadapt.datasets.tolerant import BROKEN, file_datasets
from mmadapt.errors import BrokenFileError, DataError
from tests.test_datasets.clips import cut, write_clip, write_noise

PIPELINE = [
    {'type': 'OpenVideo'},
    {'type': 'SampleClip', 'clip_len': 2, 'frame_interval': 2},
    {'type': 'DecodeVideo'},
    {'type': 'FormatShape', 'input_format': 'NCTHW'},
    {'type': 'PackActionInputs', 'meta_keys': ('filename', 'img_shape')},
]
NAMES = [f'clip {i}.mp4' for i in range(6)]


@TRANSFORMS.register_module()
class Failing(BaseTransform):
    """A transform that fails by an error of a kind."""

    def __init__(self, kind: str) -> None:
        self.kind = {'memory': MemoryError, 'code': TypeError, 'value': ValueError}[
            kind
        ]

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        raise self.kind('on purpose')


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Six clips, of which 1 is no video and 4 has no end."""
    whole = write_clip(tmp_path / 'train' / NAMES[0]).read_bytes()
    for name in NAMES[1:]:
        (tmp_path / 'train' / name).write_bytes(whole)
    (tmp_path / 'train' / NAMES[1]).write_text('no video')
    write_noise(tmp_path / 'train' / NAMES[4])
    cut(tmp_path / 'train' / NAMES[4], 0.5)
    lines = ''.join(f'{name} {i % 2}\n' for i, name in enumerate(NAMES))
    (tmp_path / 'train.txt').write_text(lines)
    return tmp_path


def build(root: Path, **options: Any) -> Any:
    config = {
        'type': 'VideoList',
        'ann_file': 'train.txt',
        'data_root': str(root),
        'pipeline': PIPELINE,
    }
    with DefaultScope.overwrite_default_scope('mmaction'):
        return DATASETS.build({**config, **options})


def file_of(sample: Any) -> str:
    return Path(sample['data_samples'].metainfo['filename']).name


def seed(number: int) -> None:
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)


def draws() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(()))


def test_unwatched_it_is_an_error_in_testing(root: Path) -> None:
    dataset = build(root, test_mode=True)
    assert file_of(dataset[0]) == NAMES[0]
    with pytest.raises(BrokenFileError, match=r'clip 1\.mp4.*BrokenDataHook'):
        dataset[1]


def test_unwatched_training_says_so_itself(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = build(root)
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    try:
        samples = [dataset[1] for _ in range(3)]
    finally:
        logger.removeHandler(caplog.handler)
    assert NAMES[1] not in map(file_of, samples)
    lines = [r.getMessage() for r in caplog.records if NAMES[1] in r.getMessage()]
    assert len(lines) == 1
    assert 'broken file, left out' in lines[0]


def test_in_training_another_takes_its_place(root: Path) -> None:
    dataset = build(root)
    dataset.broken.watch(5)
    taken = {file_of(dataset[index]) for index in [1, 4] * 20}
    assert taken == {NAMES[i] for i in (0, 2, 3, 5)}
    known = dataset.broken.known()
    assert {Path(path).name for path in known} == {NAMES[1], NAMES[4]}
    assert all(path in reason for path, reason in known.items())


def test_what_is_drawn_does_not_depend_on_what_happened(root: Path) -> None:
    found = []
    dataset = build(root)
    dataset.broken.watch(5)
    for _ in range(2):  # the second time both are known
        seed(3)
        found.append(([file_of(dataset[index]) for index in (4, 1, 4, 0)], draws()))
    assert len(dataset.broken.known()) == 2
    assert found[0] == found[1]


def test_in_testing_it_keeps_its_name_and_its_label(root: Path) -> None:
    middle = {**PIPELINE[1], 'random': False}
    steps = [PIPELINE[0], middle, *PIPELINE[2:]]
    dataset = build(root, test_mode=True, pipeline=steps)
    dataset.broken.watch(5)
    sample = dataset[1]
    assert file_of(sample) == NAMES[1]
    assert sample['data_samples'].gt_label.tolist() == [1]
    assert 'can not be decoded' in sample['data_samples'].metainfo[BROKEN]
    assert torch.equal(sample['inputs'], dataset[2]['inputs'])
    assert BROKEN not in dataset[2]['data_samples'].metainfo
    assert file_of(dataset[4]) == NAMES[4]


@pytest.mark.parametrize('workers', [0, 2])
def test_workers_know_alike_whoever_watches_when(root: Path, workers: int) -> None:
    dataset = build(root)
    loader = DataLoader(dataset, 1, num_workers=workers, collate_fn=pseudo_collate)
    batches = iter(loader)  # whose workers run already
    dataset.broken.watch(5)
    assert sum(len(batch['inputs']) for batch in batches) == 6
    assert len(dataset.broken.known()) == 2


@pytest.mark.parametrize('test_mode', [False, True])
def test_too_many(root: Path, test_mode: bool) -> None:
    dataset = build(root, test_mode=test_mode)
    dataset.broken.watch(1)
    with pytest.raises(DataError, match='2 files .* are broken, 1 are tolerated'):
        [dataset[index] for index in range(6)]


@pytest.mark.parametrize('test_mode', [False, True])
def test_none_is_left(root: Path, test_mode: bool) -> None:
    for name in NAMES:
        (root / 'train' / name).write_text('no video')
    dataset = build(root, test_mode=test_mode)
    dataset.broken.watch(6)
    with pytest.raises(DataError, match='drawn in a row|none of the 6 files'):
        dataset[0]


@pytest.mark.parametrize(
    ('kind', 'error'),
    [('memory', MemoryError), ('code', TypeError), ('value', ValueError)],
)
@pytest.mark.parametrize('place', [0, 1])
def test_other_errors_are_not_blamed_on_the_file(
    root: Path, kind: str, error: type[Exception], place: int
) -> None:
    steps = [*PIPELINE[:place], {'type': 'Failing', 'kind': kind}, *PIPELINE[place:]]
    dataset = build(root, pipeline=steps)
    dataset.broken.watch(5)
    with pytest.raises(error, match='on purpose'):
        dataset[0]
    assert not dataset.broken.known()


def test_the_decoder_of_a_pipeline_may_be_another(root: Path) -> None:
    decord = [{'type': 'DecordInit'}, PIPELINE[1], {'type': 'DecordDecode'}]
    dataset = build(root, pipeline=[*decord, *PIPELINE[3:]])
    dataset.broken.watch(5)
    assert file_of(dataset[1]) != NAMES[1]
    assert [Path(path).name for path in dataset.broken.known()] == [NAMES[1]]


def test_datasets_are_found_in_wrappers(root: Path) -> None:
    first, second = build(root), build(root, lazy_init=True)
    assert file_datasets(ConcatDataset([first, second])) == [first, second]
    assert file_datasets(RepeatDataset(first, 2)) == [first]
    assert file_datasets(object()) == []
