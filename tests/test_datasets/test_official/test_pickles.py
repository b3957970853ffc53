"""Pickles of arrays, and of anything else."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from mmadapt.datasets.official.pickles import read_plain_pickle
from mmadapt.errors import DataError


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_and_plain_python(tmp_path: Path, protocol: int) -> None:
    file = tmp_path / 'train'
    data = np.arange(12, dtype=np.uint8).reshape(3, 4)
    file.write_bytes(pickle.dumps({'data': data, 'labels': [1, 2, 3]}, protocol))
    found = read_plain_pickle(file)
    assert (found['data'] == data).all()
    assert found['labels'] == [1, 2, 3]


@pytest.mark.parametrize('value', [Path('a'), print, DataError('a')])
def test_anything_else(tmp_path: Path, value: object) -> None:
    (tmp_path / 'train').write_bytes(pickle.dumps(value))
    with pytest.raises(DataError, match='is not allowed'):
        read_plain_pickle(tmp_path / 'train')


def test_cut_off(tmp_path: Path) -> None:
    (tmp_path / 'train').write_bytes(pickle.dumps(list(range(100)))[:50])
    with pytest.raises(DataError, match='Download it again'):
        read_plain_pickle(tmp_path / 'train')
