"""A pass over kept activations draws what a pass over the samples would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.structures import BaseDataElement
from torch.utils.data import BatchSampler, DataLoader, RandomSampler

from mmadapt.cache import CachedDataset, CachedLoader, Store
from mmadapt.cache.loader import joined
from mmadapt.cache.replay import KEPT

from .sources import Noise


def kept(folder: Path) -> CachedDataset:
    store = Store(folder / 'kept', {}, 4, (1,), torch.float32)
    store.create()
    store.open()[:] = torch.arange(4.0).view(4, 1)
    store.finish([{'fields': {}, 'metainfo': {}}] * 4, 4)
    origin: Any = Noise()
    return CachedDataset([store], BaseDataElement, 1, origin)


def drawn(loader: DataLoader[Any]) -> list[float]:
    """A number behind each of three passes."""
    torch.manual_seed(0)
    found = []
    for _ in range(3):
        for _ in loader:
            pass
        found.append(torch.rand(()).item())
    return found


@pytest.mark.parametrize('generator', [False, True], ids=['run', 'own'])
@pytest.mark.parametrize(
    'workers',
    [
        {},
        {'num_workers': 1},
        {'num_workers': 1, 'persistent_workers': True},
    ],
    ids=['none', 'new', 'stay'],
)
def test_the_run_draws_the_same(
    tmp_path: Path, workers: dict[str, Any], generator: bool
) -> None:
    def source() -> DataLoader[Any]:
        own = torch.Generator().manual_seed(0) if generator else None
        return DataLoader(
            Noise(),
            batch_size=2,
            shuffle=True,
            collate_fn=pseudo_collate,
            generator=own,
            **workers,
        )

    assert drawn(CachedLoader(kept(tmp_path), source())) == drawn(source())


def test_batches_are_those_of_the_source(tmp_path: Path) -> None:
    sampler = BatchSampler(RandomSampler(Noise()), 3, drop_last=True)
    source: Any = DataLoader(Noise(), batch_sampler=sampler, collate_fn=pseudo_collate)
    for one in (source, DataLoader(Noise(), 3, collate_fn=pseudo_collate)):
        loader = CachedLoader(kept(tmp_path), one)
        assert len(loader) == len(one)
        sizes = [len(batch['inputs']) for batch in loader]
        assert sizes == [len(batch['inputs']) for batch in one]


def test_a_batch_is_one_tensor_copied_once(tmp_path: Path) -> None:
    data = kept(tmp_path)
    made: list[torch.Tensor] = []

    def collate(samples: Any) -> Any:
        made.extend(sample['inputs'] for sample in samples)
        return pseudo_collate(samples)

    loader = CachedLoader(data, DataLoader(Noise(), 4, collate_fn=collate))
    (batch,) = loader
    assert batch['inputs'].tolist() == [[0.0], [1.0], [2.0], [3.0]]
    assert batch['inputs'].data_ptr() == made[0].data_ptr()
    batch['inputs'].zero_()  # a copy: the file stays as it is
    assert data[2]['inputs'].tolist() == [2.0]
    assert len(batch['data_samples']) == 4 and batch[KEPT] == [True] * 4


@pytest.mark.parametrize('order', [[1, 0], [0, 2], [0, 0], [0], [1, 2]])
def test_rows_are_joined_in_their_order(order: list[int]) -> None:
    rows = list(torch.arange(12.0).view(3, 2, 2))
    found = joined([rows[i] for i in order])
    assert torch.equal(found, torch.stack([rows[i] for i in order]))
    apart = joined([rows[i].clone().t() for i in order])
    assert torch.equal(apart, torch.stack([rows[i].t() for i in order]))
