"""tools/data/cifar100.py on an imitation of two classes."""

from __future__ import annotations

import hashlib
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmpretrain.registry import DATASETS

from mmadapt.datasets.published import LocalCIFAR100
from mmadapt.errors import ConfigError, DataError
from tests.test_tools.test_data.downloads import (
    faults,
    run_data_tool,
    state_of,
    tar_of,
    write_files,
)

SMALL = {'PER_CLASS': {'train': 2, 'test': 1}, 'CLASSES': 2}
FOLDER = 'cifar-100-python'


def content(labels: list[int]) -> bytes:
    images = np.zeros((len(labels), 3072), np.uint8)
    return pickle.dumps({'data': images, 'fine_labels': labels}, protocol=2)


def write(
    root: Path, monkeypatch: pytest.MonkeyPatch, **changes: bytes
) -> dict[str, bytes]:
    """An archive of the three files, whose checksums are the published ones."""
    files = {
        'train': content([0, 1, 1, 0]),
        'test': content([1, 0]),
        'meta': pickle.dumps({'fine_label_names': ['apple', 'bee']}),
        **changes,
    }
    md5 = {name: hashlib.md5(text).hexdigest() for name, text in files.items()}
    monkeypatch.setattr(LocalCIFAR100, 'train_list', [['train', md5['train']]])
    monkeypatch.setattr(LocalCIFAR100, 'test_list', [['test', md5['test']]])
    meta = {**LocalCIFAR100.meta, 'md5': md5['meta']}
    monkeypatch.setattr(LocalCIFAR100, 'meta', meta)
    archive = tar_of({f'{FOLDER}/{name}': text for name, text in files.items()}, 'w:gz')
    monkeypatch.setattr(LocalCIFAR100, 'tgz_md5', hashlib.md5(archive).hexdigest())
    write_files(root, {f'{FOLDER}.tar.gz': archive})
    return {f'{FOLDER}/{name}': text for name, text in files.items()}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda *argv: run_data_tool(monkeypatch, 'cifar100', *argv, **SMALL)


def test_archive_becomes_what_the_config_reads(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    download, out = tmp_path / 'download', tmp_path / 'data'
    write(download, monkeypatch)
    before = state_of(download)
    run(download, '--out', out)
    run(download / f'{FOLDER}.tar.gz', '--out', out)  # again: nothing is left to do
    run('--check-only', '--out', out)
    assert state_of(download) == before
    dataset = DATASETS.build({'type': 'LocalCIFAR100', 'data_root': str(out)})
    assert len(dataset) == 4
    assert not (out / 'problems.txt').exists()


def test_a_folder_is_linked(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    download, out = tmp_path / 'download', tmp_path / 'data'
    write_files(download, write(tmp_path, monkeypatch))
    run(download / FOLDER, '--out', out)
    assert (out / FOLDER).resolve() == download / FOLDER


def test_a_cut_off_archive(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, monkeypatch)
    archive = tmp_path / f'{FOLDER}.tar.gz'
    archive.write_bytes(archive.read_bytes()[:-20])
    with pytest.raises(DataError, match=r'tar\.gz is not the published file: its MD5'):
        run(tmp_path, '--out', tmp_path / 'data')


def test_all_faults_are_listed(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, monkeypatch, test=content([1, 1, 0]))
    run_out = tmp_path / 'data'
    with pytest.raises(DataError, match='2 count; the first: test images: 3 found, 2'):
        run(tmp_path, '--out', run_out)
    assert faults(run_out)[1] == ('count', 'test images of class 1')
    (run_out / FOLDER / 'meta').unlink()
    (run_out / FOLDER / 'train').write_bytes(b'cut off')
    with pytest.raises(DataError):
        run('--check-only', '--out', run_out)
    kinds = [kind for kind, _ in faults(run_out)]
    assert kinds == ['checksum', 'undecodable', 'count', 'count', 'missing']


@pytest.mark.parametrize(
    ('stored', 'text'),
    [
        ([1, 2], 'no data and no fine_labels'),
        ({'data': [0], 'fine_labels': [0]}, 'no data'),
        ({'data': np.zeros((4, 3072), np.uint8)}, 'no fine_labels'),
    ],
)
def test_another_pickle_is_named(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: Any, text: str
) -> None:
    write(tmp_path, monkeypatch, train=pickle.dumps(stored, protocol=2))
    with pytest.raises(DataError, match=rf'1 undecodable; .*train: holds {text}\.'):
        run(tmp_path, '--out', tmp_path / 'data')


class Evil:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, ('touch ran_code',)


def test_no_code_of_a_pickle_is_run(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, monkeypatch, train=pickle.dumps(Evil()))
    with pytest.raises(DataError, match=r'system is not allowed'):
        run(tmp_path, '--out', tmp_path / 'data')
    assert not (tmp_path / 'ran_code').exists()


@pytest.mark.parametrize(
    ('argv', 'text'),
    [([], 'one of the two'), (['nowhere'], 'no such file or folder')],
)
def test_arguments(run: Any, argv: list[str], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        run(*argv)


def test_an_empty_download(run: Any, tmp_path: Path) -> None:
    (tmp_path / 'cifar-10-python').mkdir()
    with pytest.raises(DataError, match="Did you mean 'cifar-10-python'"):
        run(tmp_path, '--out', tmp_path / 'data')
