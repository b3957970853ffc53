"""A short campaign of broken files, and what counts for which row."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from faults.case import Case, judge
from faults.commands import Command
from faults.damage import DAMAGES, damage
from faults.files import KINDS, break_files, turns
from faults.loading import CHANGED
from faults.media import decodes, draw_clips, draw_photos
from faults.outcome import Outcome, failures
from faults.runs import UNCAUGHT, Ended
from faults.scene import Scene


@pytest.mark.slow
def test_a_file_of_each_kind_is_no_silent_failure(tmp_path: Path) -> None:
    number = 2 * len(KINDS)
    records = list(break_files(tmp_path, number, seed=1))
    assert len(records) == number
    assert not failures(records)
    assert any(record.outcome is Outcome.REFUSED for record in records)


def test_kinds_take_turns_by_their_shares() -> None:
    shares = {kind: share for kind, (share, _) in KINDS.items()}
    dealt = list(turns(3 * sum(shares.values())))
    for kind, share in shares.items():
        assert [turn for name, turn in dealt if name == kind] == list(range(3 * share))
    assert {kind for kind, _ in dealt[: 2 * len(shares)]} == shares.keys()


def test_damaged_bytes_are_others() -> None:
    content = bytes(range(256)) * 4
    for turn in range(4 * len(DAMAGES)):
        broken, words = damage(content, random.Random(turn), turn)
        assert broken != content and words


def test_a_cut_file_does_not_decode(tmp_path: Path) -> None:
    files = [f for _, f in draw_photos(tmp_path / 'p') + draw_clips(tmp_path / 'c')]
    for file in files:
        assert decodes(file)
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        assert not decodes(file)


REFUSED = "WeightsError: checkpoint 'x.pth' is damaged: its checksum does not match."
WHOLE = {'w': torch.ones(2)}
OTHER = {'w': torch.zeros(2)}
ROWS: dict[str, tuple[Any, Any, dict[str, Any], Outcome]] = {
    'survived': (0, '', {}, Outcome.SURVIVED),
    'another result': (0, '', {'result': OTHER}, Outcome.SILENT),
    'more results': (0, '', {'result': {**WHOLE, 'v': 1}}, Outcome.SILENT),
    'sound': (0, '', {'result': OTHER, 'sound': True}, Outcome.UNDETECTABLE),
    'foretold': (0, '', {'result': OTHER, 'foretold': True}, Outcome.FORETOLD),
    'foretold, no other result': (0, '', {'foretold': True}, Outcome.SURVIVED),
    'skipped': (0, 'x.pth skipped, 1 of 9', {'result': OTHER}, Outcome.SKIPPED),
    'another was skipped': (0, 'y skipped', {'result': OTHER}, Outcome.SILENT),
    'refused': (1, REFUSED, {}, Outcome.REFUSED),
    'refused without a name': (1, REFUSED, {'names': ('y.pth',)}, Outcome.FOREIGN),
    'no message': (1, 'WeightsError: \n', {}, Outcome.FOREIGN),
    'a traceback': (UNCAUGHT, REFUSED, {}, Outcome.FOREIGN),
    'a crash': (-11, REFUSED, {}, Outcome.FOREIGN),
    'no end': (None, '', {}, Outcome.HUNG),
    'the model was changed': (CHANGED, REFUSED, {}, Outcome.SILENT),
    'refused, but had to go on': (1, REFUSED, {'survives': True}, Outcome.LOST),
    'refused, but an output is there': (1, REFUSED, {'output': True}, Outcome.SILENT),
    'code was run': (1, REFUSED, {'marker': True}, Outcome.EXECUTED),
}


@pytest.mark.parametrize('row', sorted(ROWS))
def test_rows_are_told_apart(row: str, tmp_path: Path) -> None:
    status, log, more, expected = ROWS[row]
    scene = Scene('image', tmp_path, tmp_path, tmp_path, tmp_path, ())
    case = Case(
        kind='k',
        fault='f',
        tool='test',
        scene=scene,
        names=more.get('names', ('x.pth',)),
        sound=more.get('sound', False),
        survives=more.get('survives', False),
        foretold=more.get('foretold', False),
    )
    output, marker = tmp_path / 'out', tmp_path / 'executed'
    for name, file in (('output', output), ('marker', marker)):
        if more.get(name):
            file.touch()
    result = more.get('result', WHOLE)
    command = Command('test.py', [], lambda _: result, (output,))
    outcome, _ = judge(case, command, Ended(status, 1.0, log), WHOLE, marker)
    assert outcome is expected
