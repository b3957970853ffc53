"""Samples of kept activations: each is made when it is asked for."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from mmengine.structures import BaseDataElement

from mmadapt.cache import CachedDataset, Store

LABEL: dict[str, Any] = {
    'fields': {'gt_label': {'dtype': 'int64', 'shape': [1], 'values': [3]}},
    'metainfo': {'img_path': 'photos/train/a_class/a_photo.jpg'},
}


def dataset(folder: Path, rows: int) -> CachedDataset:
    store = Store(folder / 'kept', {}, rows, (1,), torch.float32)
    store.create()
    store.finish([LABEL] * rows, rows)
    origin: Any = SimpleNamespace(metainfo={})
    return CachedDataset([store], BaseDataElement, 1, origin)


def test_what_is_written_into_a_sample_is_gone_with_it(tmp_path: Path) -> None:
    data = dataset(tmp_path, 1)
    sample = data[0]['data_samples']
    sample.gt_label.fill_(7)
    sample.set_metainfo({'img_path': 'elsewhere'})
    again = data[0]['data_samples']
    assert (again.gt_label.tolist(), again.img_path) == (
        [3],
        'photos/train/a_class/a_photo.jpg',
    )


def test_samples_take_no_memory_before(tmp_path: Path) -> None:
    rows = 5000
    dataset(tmp_path / 'imported', 1)
    tracemalloc.start()
    data = dataset(tmp_path, rows)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(data) == rows
    assert held / rows < 50, 'bytes a sample'
