"""tools/data/svhn.py on an imitation of a few digits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from mmadapt.datasets.official.archives import md5_of
from mmadapt.errors import DataError
from tests.test_tools.cli import ROOT
from tests.test_tools.test_data.downloads import faults, run_data_tool, state_of

LABELS = [10, 1, 1, 9]  # 10 is the digit 0
COUNTS = (1, 2, 0, 0, 0, 0, 0, 0, 0, 1)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The tool, which takes the files as they are now as the published ones."""
    images = np.zeros((32, 32, 3, len(LABELS)), np.uint8)
    for name in ('train_32x32.mat', 'test_32x32.mat'):
        savemat(tmp_path / name, {'X': images, 'y': np.array(LABELS)[:, None]})
    md5 = {part: md5_of(tmp_path / f'{part}_32x32.mat') for part in ('train', 'test')}

    def call(*argv: object, **changes: Any) -> None:
        published = {'MD5': md5, 'COUNTS': {'train': COUNTS, 'test': COUNTS}, **changes}
        run_data_tool(monkeypatch, 'svhn', *argv, **published)

    return call


def test_files_are_linked_and_right(run: Any, tmp_path: Path) -> None:
    before = state_of(tmp_path)
    run(tmp_path, '--out', tmp_path / 'data')
    assert (tmp_path / 'data' / 'test_32x32.mat').is_symlink()
    run('--check-only', '--out', tmp_path)
    assert {k: v for k, v in state_of(tmp_path).items() if k in before} == before


@pytest.mark.slow
def test_the_exit_status_tells(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / 'tools' / 'data' / 'svhn.py'), '--check-only']
    ended = subprocess.run(
        [*command, '--out', str(tmp_path)], capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith('DataError: 2 missing; the first: ')
    assert 'Traceback' not in ended.stderr
    assert len(faults(tmp_path)) == 2


def test_another_count(run: Any, tmp_path: Path) -> None:
    other = (2, 1, *COUNTS[2:])
    with pytest.raises(DataError, match='2 count'):
        run('--check-only', '--out', tmp_path, COUNTS={'train': COUNTS, 'test': other})
    assert [place for _, place in faults(tmp_path)] == [
        'test images of 0',
        'test images of 1',
    ]


def test_a_cut_off_file_and_a_missing_one(run: Any, tmp_path: Path) -> None:
    file = tmp_path / 'train_32x32.mat'
    file.write_bytes(file.read_bytes()[:100])
    (tmp_path / 'test_32x32.mat').unlink()
    with pytest.raises(DataError, match='1 checksum, 1 undecodable, 1 missing'):
        run('--check-only', '--out', tmp_path)
