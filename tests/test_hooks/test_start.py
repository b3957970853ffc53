"""Data is scored whole, and once, or not at all."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.dataset import DefaultSampler
from torch.utils.data import DataLoader, SequentialSampler

from mmadapt.errors import DataError
from mmadapt.hooks.start import check_split
from tests.processes import in_processes

DATA = list(range(7))


def loop(kind: str, drop_last: bool = False) -> SimpleNamespace:
    samplers = {
        'padded': lambda: DefaultSampler(DATA, shuffle=False),
        'exact': lambda: DefaultSampler(DATA, shuffle=False, round_up=False),
        'all': lambda: SequentialSampler(DATA),
    }
    loader = DataLoader(
        DATA, sampler=samplers[kind](), batch_size=2, drop_last=drop_last
    )
    return SimpleNamespace(dataloader=loader)


def says(kind: str, together: bool = False) -> str:
    try:
        check_split(loop(kind), together)
    except DataError as error:
        return str(error)
    return 'passed'


@pytest.mark.parametrize('kind', ['padded', 'exact'])
def test_shares_pass(kind: str, tmp_path: Path) -> None:
    assert in_processes(3, lambda _: says(kind), tmp_path) == ['passed'] * 3


def test_a_sharded_model_needs_as_many_batches_in_each(tmp_path: Path) -> None:
    """Seven samples in batches of two: processes have three, two and two."""
    found = in_processes(3, lambda _: says('padded', together=True), tmp_path)
    assert found == ['passed'] * 3
    for told in in_processes(3, lambda _: says('exact', together=True), tmp_path):
        assert '3 processes [3, 2, 2] each, in batches of 2' in told
    found = in_processes(2, lambda _: says('exact', together=True), tmp_path)
    assert found == ['passed'] * 2  # four and three: two batches each


def test_all_of_the_data_in_each_process(tmp_path: Path) -> None:
    """MMEngine would score the first half twice, and the second never."""
    for rank, found in enumerate(in_processes(2, lambda _: says('all'), tmp_path)):
        assert f'process {rank} of 2 7 of the 7 samples' in found
    check_split(loop('all'))


def test_a_last_batch_that_is_dropped() -> None:
    with pytest.raises(DataError, match='leaves 1 of 7 samples'):
        check_split(loop('padded', drop_last=True))


def test_what_is_no_loop_of_batches() -> None:
    check_split(None)
    check_split(SimpleNamespace(dataloader=SimpleNamespace(sampler=iter(DATA))))
