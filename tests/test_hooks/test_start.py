"""Data is scored whole, and once, or not at all."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mmengine.dataset import DefaultSampler
from torch.utils.data import DataLoader, SequentialSampler

from mmadapt.errors import DataError
from mmadapt.hooks.start import batch_line, check_batches, check_split
from tests.processes import in_processes

from .test_adapter_checkpoint import train

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


def says(kind: str, together: bool = False, training: bool = False) -> str:
    try:
        if training:
            loader = loop(kind, drop_last=True).dataloader
            check_batches(SimpleNamespace(train_dataloader=loader), together)
        else:
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


def test_a_sharded_model_trains_as_many_batches_in_each(tmp_path: Path) -> None:
    """Seven samples by two processes: two batches of two and one, if none is filled."""

    def told_of(kind: str) -> list[str]:
        return in_processes(2, lambda _: says(kind, True, True), tmp_path)

    assert told_of('padded') == ['passed'] * 2
    for told in told_of('exact'):
        assert '2 processes [4, 3] each, in batches of 2' in told
    assert says('exact', together=True, training=True) == 'passed'
    found = in_processes(2, lambda _: says('exact', training=True), tmp_path)
    assert found == ['passed'] * 2


def runner(each: int, waits: int = 1, **scaling: Any) -> Any:
    wrapper = SimpleNamespace(_accumulative_counts=waits)
    return SimpleNamespace(
        cfg={'auto_scale_lr': scaling} if scaling else {},
        optim_wrapper=wrapper,
        train_dataloader=SimpleNamespace(batch_size=each),
    )


def test_the_learning_rate_of_another_batch() -> None:
    told = batch_line(runner(16, base_batch_size=1024))
    assert told is not None
    assert 'meant for 1024 samples a step; here are 16 (1 x 16).' in told
    assert batch_line(runner(1024, base_batch_size=1024)) is None
    assert batch_line(runner(16, waits=64, base_batch_size=1024)) is None
    told = batch_line(runner(16, waits=8, base_batch_size=1024))
    assert told is not None and 'here are 128 (1 x 16 x 8 accumulated)' in told
    assert batch_line(runner(16, base_batch_size=1024, enable=True)) is None
    assert batch_line(runner(16)) is None


def test_all_processes_count(tmp_path: Path) -> None:
    line = partial(batch_line, runner(16, base_batch_size=32))
    assert in_processes(2, lambda _: line(), tmp_path) == [None, None]


def test_the_log_tells_so(tmp_path: Path) -> None:
    change = 'auto_scale_lr = dict(base_batch_size=1024, enable=False)\n'
    trained = train(tmp_path, change)
    log = next(Path(trained.log_dir).glob('*.log')).read_text()
    assert 'WARNING - the learning rate of this config is meant for 1024' in log


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
