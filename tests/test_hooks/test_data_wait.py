"""The share of the time that training waits for data, and what it advises."""

from __future__ import annotations

import logging
import time
from types import SimpleNamespace
from typing import Any

import pytest
from mmengine.logging import MessageHub
from mmengine.structures import BaseDataElement

from mmadapt.cache import CachedDataset
from mmadapt.errors import ConfigError
from mmadapt.hooks import DataWaitHook, data_wait


class Loader(SimpleNamespace):
    """What the hook asks of a dataloader."""


def run_of(**loader: Any) -> Any:
    given = {'num_workers': 2, 'persistent_workers': True, 'dataset': object()}
    return SimpleNamespace(
        message_hub=MessageHub.get_instance(f'wait-{time.time_ns()}'),
        logger=logging.getLogger('test'),
        train_loop=SimpleNamespace(dataloader=Loader(**{**given, **loader})),
    )


def epoch(hook: DataWaitHook, run: Any, times: list[tuple[float, float]]) -> None:
    hook.before_train_epoch(run)
    for wait, whole in times:
        run.message_hub.update_scalar('train/time', whole)
        hook.wait = wait
        hook.note.after_train_iter(run, 0)
    hook.after_train_epoch(run)


def test_the_share_is_that_of_the_sums(caplog: pytest.LogCaptureFixture) -> None:
    run = run_of()
    with caplog.at_level(logging.INFO):
        epoch(DataWaitHook(), run, [(0.9, 1.0), (0.0, 3.0), (0.1, 1.0)])
    kept = run.message_hub.get_scalar('train/data_time_share')
    assert kept.mean(3) == pytest.approx(0.2)
    assert kept.mean(2) == pytest.approx(0.025)
    assert 'waited for data: 20% of the epoch (1.0 of 5.0 s; 0.9 s' in caplog.text


def test_the_process_that_waited_most_counts(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        data_wait, 'all_gather_object', lambda own: [own, (6.0, 8.0, 0.5)]
    )
    with caplog.at_level(logging.INFO):
        epoch(DataWaitHook(), run_of(), [(1.0, 8.0)])
    assert (
        '75% of the epoch in the process that waited most (6.0 of 8.0 s; 0.5'
        in caplog.text
    )


@pytest.mark.parametrize(
    ('loader', 'said', 'unsaid'),
    [
        ({'num_workers': 2}, 'num_workers=8, now 2', 'persistent'),
        ({'num_workers': 8}, 'more cores for each GPU', 'num_workers='),
        (
            {'dataset': SimpleNamespace(frame_store=None)},
            'frame_store.py',
            'for each G',
        ),
        (
            {'dataset': SimpleNamespace(dataset=SimpleNamespace(frame_store=None))},
            'reencode.py',
            'for each G',
        ),
        ({'dataset': SimpleNamespace(frame_store='x')}, 'more cores', 'frame_store.py'),
        ({'persistent_workers': False}, 'persistent_workers=True', 'frame_store'),
    ],
)
def test_what_helps_is_said_once(
    loader: dict[str, Any],
    said: str,
    unsaid: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(data_wait, 'process_cores', lambda: 8)
    hook, run = DataWaitHook(), run_of(**loader)
    with caplog.at_level(logging.INFO):
        epoch(hook, run, [(0.1, 1.0), (0.0, 1.0)])
        assert 'to wait less' not in caplog.text
        for _ in range(2):
            epoch(hook, run, [(0.6, 1.0), (0.4, 1.0)])
    assert caplog.text.count('to wait less for data') == 1
    assert said in caplog.text
    assert unsaid not in caplog.text


def test_the_start_of_workers_that_stay_is_no_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        epoch(DataWaitHook(), run_of(), [(5.0, 6.0), (0.1, 4.0)])
        assert 'waited for data: 51%' in caplog.text
        assert 'to wait less' not in caplog.text
        run = run_of(persistent_workers=False)
        epoch(DataWaitHook(), run, [(5.0, 6.0), (0.1, 4.0)])
    assert caplog.text.endswith(
        'to wait less for data: keep the workers from one epoch to the next '
        '(train_dataloader.persistent_workers=True).\n'
    )


@pytest.mark.parametrize('value', [-0.1, 2, 'much'])
def test_a_share_that_is_none(value: Any) -> None:
    with pytest.raises(ConfigError, match='hint_above'):
        DataWaitHook(value)


def test_kept_activations_wait_for_the_disk_and_no_workers_help() -> None:
    data = CachedDataset([], BaseDataElement, 1, [])  # type: ignore[arg-type]
    assert list(data_wait.faster(Loader(dataset=data, num_workers=0))) == []
    assert list(data_wait.faster(Loader(dataset=[], num_workers=0))) != []
