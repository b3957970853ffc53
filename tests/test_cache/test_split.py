"""What the log says of a set before it is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from mmadapt.cache.split import Split, make_stores

from .sources import make_source

SIZE = 4 * 3 * 4  # rows, numbers, bytes


def split(folder: Path, key: str, **more: Any) -> Split:
    stores = make_stores(folder, 'train', {'k': key}, [4], torch.zeros(2, 3))
    return Split('train', make_source(), stores, **{'views': 1, **more})


def test_whether_the_pipeline_draws_is_told(tmp_path: Path) -> None:
    assert 'is deterministic: exact: 4 samples' in split(tmp_path, 'a').told(0)
    random = split(tmp_path, 'a', views=3, random=True).told(0)
    assert 'is random: 3 fixed draw(s) of each sample, another training than' in random


def test_older_stores_are_told_with_their_bytes(tmp_path: Path) -> None:
    assert 'other folder' not in split(tmp_path, 'a').told(0)
    for key in ('a', 'b'):
        split(tmp_path, key).stores[0].create()
    (tmp_path / 'val-0123').mkdir()
    (tmp_path / 'train-of-mine').mkdir()
    new = split(tmp_path, 'c')
    told = new.told(0)
    assert f'2 other folder(s) train-* beside them hold {2 * SIZE} bytes' in told
    assert 'can be removed' in told
    new.stores[0].create()
    assert f'hold {2 * SIZE} bytes' in new.told(0), 'its own are no others'
    new.stores[0].finish([{'fields': {}, 'metainfo': {}}] * 4, 4)
    assert 'other folder' not in new.told(0), 'nothing is added to the disk'
