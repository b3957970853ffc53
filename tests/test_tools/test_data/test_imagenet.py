"""tools/data/imagenet.py on an imitation of two classes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmpretrain.registry import DATASETS
from scipy.io import savemat

from mmadapt.errors import DataError
from tests.test_tools.test_data.downloads import (
    faults,
    jpeg,
    run_data_tool,
    state_of,
    tar_of,
    write_files,
)

SMALL = {'CLASSES': 2, 'COUNTS': {'train': 3, 'val': 4}, 'VAL_PER_CLASS': 2}
DEVKIT = 'ILSVRC2012_devkit_t12/data'
TRAIN = {
    'n01': {'n01_1.JPEG': jpeg(), 'n01_2.JPEG': jpeg()},
    'n02': {'n02_1.JPEG': jpeg()},
}


def meta() -> bytes:
    """The devkit's table: its order is not that of the ids, and it has inner nodes."""
    kinds = [('ILSVRC2012_ID', 'O'), ('WNID', 'O')]
    rows = np.array([(1, 'n02'), (2, 'n01'), (3, 'n00')], dtype=kinds)
    file = io.BytesIO()
    savemat(file, {'synsets': rows})
    return file.getvalue()


def devkit() -> dict[str, bytes]:
    return {
        f'{DEVKIT}/meta.mat': meta(),
        f'{DEVKIT}/ILSVRC2012_validation_ground_truth.txt': b'1\n2\n2\n1\n',
    }


def val() -> dict[str, bytes]:
    return {f'ILSVRC2012_val_0000000{i}.JPEG': jpeg() for i in range(1, 5)}


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    inner = {f'{name}.tar': tar_of(photos) for name, photos in TRAIN.items()}
    files = {
        'ILSVRC2012_img_train.tar': tar_of(inner),
        'ILSVRC2012_img_val.tar': tar_of(val()),
        'ILSVRC2012_devkit_t12.tar.gz': tar_of(devkit(), 'w:gz'),
    }
    return write_files(tmp_path / 'download', files)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda *argv: run_data_tool(monkeypatch, 'imagenet', *argv, **SMALL)


def labels(out: Path, split: str, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    kind = DATASETS.get('LocalImageNet')
    monkeypatch.setattr(kind, 'METAINFO', {'classes': ('fish', 'bird')})
    dataset = DATASETS.build(
        {'type': 'LocalImageNet', 'data_root': str(out), 'split': split}
    )
    return [dataset.get_data_info(i)['gt_label'] for i in range(len(dataset))]


def test_archives_become_what_the_config_reads(
    run: Any, archives: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, before = tmp_path / 'data', state_of(archives)
    run(archives, '--out', out)
    first = state_of(out / 'train')
    run(archives, '--out', out)
    run('--check-only', '--out', out)
    assert state_of(archives) == before
    assert state_of(out / 'train') == first
    assert labels(out, 'train', monkeypatch) == [0, 0, 1]
    # The devkit's class 1 is n02, the second of the sorted ids.
    assert labels(out, 'val', monkeypatch) == [1, 0, 0, 1]


def test_unpacked_folders_are_linked(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = tmp_path / 'source', tmp_path / 'data'
    for name, photos in TRAIN.items():
        write_files(source / 'train' / name, photos)
    sorted_val = dict(zip(['n01/a', 'n01/b', 'n02/c', 'n02/d'], val().values()))
    write_files(source / 'val', {f'{n}.JPEG': c for n, c in sorted_val.items()})
    run(source, '--out', out)
    assert (out / 'train').is_symlink()
    assert labels(out, 'val', monkeypatch) == [0, 0, 1, 1]


def test_a_cut_off_archive_goes_on_when_it_is_whole(
    run: Any, archives: Path, tmp_path: Path
) -> None:
    archive, out = archives / 'ILSVRC2012_img_train.tar', tmp_path / 'data'
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r'img_train\.tar is cut off'):
        run(archives, '--out', out)
    archive.write_bytes(whole)
    run(archives, '--out', out)


def test_missing_broken_and_too_few(run: Any, archives: Path, tmp_path: Path) -> None:
    out = tmp_path / 'data'
    run(archives, '--out', out)
    (out / 'train' / 'n02' / 'n02_1.JPEG').unlink()
    (out / 'val' / 'ILSVRC2012_val_00000001.JPEG').unlink()
    (out / 'val' / 'ILSVRC2012_val_00000002.JPEG').write_bytes(b'cut off')
    with pytest.raises(DataError, match='1 count, 1 missing, 1 undecodable'):
        run('--check-only', '--out', out)
    assert [place for _, place in faults(out)] == [
        'train photos',
        str(out / 'val' / 'ILSVRC2012_val_00000001.JPEG'),
        str(out / 'val' / 'ILSVRC2012_val_00000002.JPEG'),
    ]


def test_a_devkit_that_does_not_fit(run: Any, archives: Path, tmp_path: Path) -> None:
    short = {**devkit(), f'{DEVKIT}/ILSVRC2012_validation_ground_truth.txt': b'1\n2\n'}
    kit = archives / 'ILSVRC2012_devkit_t12.tar.gz'
    kit.write_bytes(tar_of(short, 'w:gz'))
    with pytest.raises(DataError, match='has 2 labels, .*val has 4 photos'):
        run(archives, '--out', tmp_path / 'a')
    kit.write_bytes(tar_of({**devkit(), f'{DEVKIT}/meta.mat': b'no table'}, 'w:gz'))
    with pytest.raises(DataError, match='is not the devkit of ILSVRC2012'):
        run(archives, '--out', tmp_path / 'b')
    kit.unlink()
    with pytest.raises(DataError, match='none of ILSVRC2012_devkit_t12'):
        run(archives, '--out', tmp_path / 'c')
