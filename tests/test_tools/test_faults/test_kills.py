"""Runs that are killed end as if they had not been; what went wrong is told apart."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch
from faults import kills
from faults.kills import KINDS, Task, disturb_one, kill_runs, newest, unclear
from faults.outcome import Outcome
from faults.runs import UNCAUGHT, Ended


@pytest.mark.slow
def test_each_kind_of_fault_is_survived(tmp_path: Path) -> None:
    records = list(kill_runs(tmp_path, len(KINDS), seed=1))
    assert [record.kind for record in records] == list(KINDS)
    for record in records:
        assert record.outcome is Outcome.SURVIVED, record


def write(work: Path, iteration: int, value: float) -> None:
    work.mkdir(parents=True, exist_ok=True)
    weights = {'w': torch.tensor([value])}
    content = {
        'meta': {'iter': iteration},
        'state_dict': weights,
        'ema_state_dict': weights,
        'optimizer': {'state': {0: {'momentum_buffer': weights['w']}}},
    }
    torch.save(content, work / f'iter_{iteration}.pth')


RESUMED = 'resumed epoch: 0, iter: {}'
REFUSED = "StorageError: 'epoch_1.pth' (11 bytes) can't be written: no space."
CASES = {
    'survived': ((0, RESUMED.format(4), 1.0), Outcome.SURVIVED),
    'other weights': ((0, RESUMED.format(4), 2.0), Outcome.SILENT),
    'an older file': ((0, RESUMED.format(2), 1.0), Outcome.LOST),
    'from the start': ((0, 'no word', 1.0), Outcome.LOST),
    'not resumed': ((1, REFUSED, 1.0), Outcome.LOST),
    'no end': ((None, '', 1.0), Outcome.HUNG),
}


@pytest.mark.parametrize('case', sorted(CASES))
def test_outcomes_are_told_apart(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (status, log, value), expected = CASES[case]

    def train(argv: list[str], *_: object) -> Ended:
        if '--resume' not in argv:
            write(tmp_path, 4, 0.0)
            return Ended(-9, 1.0, '')
        write(tmp_path, 8, value)
        return Ended(status, 1.0, log)

    monkeypatch.setattr(kills, 'train', train)
    one = torch.tensor([1.0])
    names = ('state_dict.w', 'ema_state_dict.w', 'momentum.0')
    task = Task(tmp_path / 'c.py', dict.fromkeys(names, one), 1.0, 1000)
    judged = disturb_one(task, 'kill', tmp_path, random.Random(0))
    assert judged is not None and judged[1] is expected
    monkeypatch.setattr(kills, 'train', lambda *_: Ended(0, 1.0, ''))
    assert disturb_one(task, 'kill', tmp_path, random.Random(0)) is None


def test_a_torn_file_under_its_own_name_is_a_defect(tmp_path: Path) -> None:
    write(tmp_path, 3, 1.0)
    assert newest(tmp_path) == 3
    (tmp_path / 'epoch_9.pth').write_bytes(b'PK')
    with pytest.raises(RuntimeError, match=r'epoch_9\.pth is torn'):
        newest(tmp_path)


def test_a_clear_error_is_one_of_ours_alone() -> None:
    assert unclear(Ended(1, 1.0, f'a log line\n{REFUSED}\n')) == ''
    trace = 'Traceback (most recent call last):\n  File "x"\n'
    assert unclear(Ended(UNCAUGHT, 1.0, f'{trace}{REFUSED}\n'))
    assert unclear(Ended(1, 1.0, 'OSError: \n'))
