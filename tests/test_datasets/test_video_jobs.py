"""Work in several processes: errors and crashes are those of one item."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from mmadapt.datasets.video_jobs import Outcome, run_jobs
from mmadapt.errors import DataError


def tenfold(number: int) -> int:
    """Ten times a number; some numbers are trouble."""
    if number == 3:
        raise DataError('three is refused')
    if number == 4:
        raise ValueError('four is wrong')
    if number in (5, 11):
        os._exit(1)  # as a decoder's segmentation fault would
    return 10 * number


@pytest.mark.parametrize('workers', [1, 3])
def test_every_item_has_one_outcome(
    workers: int, capfd: pytest.CaptureFixture[str]
) -> None:
    outcomes = list(run_jobs(tenfold, range(14), workers, 'numbers'))
    problems = {
        3: 'three is refused',
        4: 'ValueError: four is wrong',
        5: 'the decoder crashed',
        11: 'the decoder crashed',
    }
    expected = [
        Outcome(n, None if n in problems else 10 * n, problems.get(n))
        for n in range(14)
    ]
    assert sorted(outcomes, key=lambda outcome: outcome.item) == expected
    shown = capfd.readouterr()
    assert not shown.out
    assert 'numbers' in shown.err and '14/14' in shown.err


def test_nothing_to_do() -> None:
    assert list(run_jobs(tenfold, [], 2, 'none')) == []


def note(number: int, folder: Path) -> None:
    """Leave a file."""
    (folder / str(number)).touch()


def test_who_stops_listening_stops_the_work(tmp_path: Path) -> None:
    outcomes = run_jobs(partial(note, folder=tmp_path), range(500), 1, 'numbers')
    next(outcomes)
    outcomes.close()
    assert len(list(tmp_path.iterdir())) < 50
