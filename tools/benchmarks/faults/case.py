"""One broken file at one entry point, and the row that what happened belongs in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from .commands import Command, Inputs
from .loading import CHANGED
from .outcome import Outcome
from .runs import UNCAUGHT, Ended
from .scene import Scene

__all__ = ['Case', 'judge']

REFUSAL = re.compile(r'^\w*Error: .{20,}', re.MULTILINE)
SKIPPED = re.compile(r'broken file|skipped|left out', re.IGNORECASE)


@dataclass(frozen=True)
class Case:
    """What was broken, and what may happen.

    Attributes:
        kind: The column of the table.
        fault: What was done, in words.
        tool: The entry point, a name of ``commands.TOOLS``.
        scene: Whose other files it reads.
        inputs: What it reads in place of the scene's files.
        whole: What it reads where nothing is broken.
        names: Texts one of which an error has to hold: the file's name, the option.
        sound: Whether a reader apart from mmadapt takes the broken file without an
            error, so that what is in it cannot be told from what was meant.
        survives: Whether the run has to go on in spite of it.
        foretold: Whether ``check_dataset.py`` names the broken file, which the decoder
            of a training may patch up without a word.
    """

    kind: str
    fault: str
    tool: str
    scene: Scene
    inputs: Inputs = field(default_factory=Inputs)
    whole: Inputs = field(default_factory=Inputs)
    names: tuple[str, ...] = ()
    sound: bool = False
    survives: bool = False
    foretold: bool = False


def judge(
    case: Case,
    command: Command,
    ended: Ended,
    expected: Mapping[str, Any],
    marker: Path,
) -> tuple[Outcome, str]:
    """The row, and what was seen.

    Args:
        case: What was broken.
        command: What was run on it.
        ended: How that ended.
        expected: The result on the whole file.
        marker: A file that only code in the broken one would have written.
    """
    if marker.exists():
        return Outcome.EXECUTED, ended.log[-500:]
    if ended.status is None:
        return Outcome.HUNG, f'{ended.seconds:.0f} s'
    if ended.status == CHANGED:
        return Outcome.SILENT, ended.log[-500:]
    if ended.status != 0:
        return judge_error(case, command, ended)
    result = command.read(ended)
    differing = differences(result, expected)
    if not differing:
        return Outcome.SURVIVED, ''
    if SKIPPED.search(named := lines_with(ended.log, case.names)):
        return Outcome.SKIPPED, named[:300]
    if case.foretold:
        return Outcome.FORETOLD, differing
    if case.sound and not case.survives:
        return Outcome.UNDETECTABLE, differing
    return Outcome.SILENT, differing


def judge_error(case: Case, command: Command, ended: Ended) -> tuple[Outcome, str]:
    """The row of a run that did not end well."""
    found = REFUSAL.search(ended.log)
    if (
        ended.status == UNCAUGHT
        or ended.status is None
        or ended.status < 0
        or not found
    ):
        return Outcome.FOREIGN, ended.log[-700:]
    text = ended.log[found.start() :].strip()
    if case.names and not any(name in text for name in case.names):
        return Outcome.FOREIGN, f'it names none of {case.names}: {text[:500]}'
    if left := [file.name for file in command.outputs if file.exists()]:
        return Outcome.SILENT, f'{left[0]} was written in spite of {text[:300]}'
    if case.survives:
        return Outcome.LOST, text[:500]
    return Outcome.REFUSED, text[:300]


def lines_with(log: str, names: tuple[str, ...]) -> str:
    """The lines of a log that hold one of some texts."""
    return '\n'.join(
        line for line in log.splitlines() if any(name in line for name in names)
    )


def differences(result: Mapping[str, Any], expected: Mapping[str, Any]) -> str:
    """Names of what differs, empty where nothing does, bit by bit."""
    names = [
        name
        for name in dict.fromkeys([*expected, *result])
        if name not in result
        or name not in expected
        or not same(result[name], expected[name])
    ]
    return f'differs: {", ".join(names[:4])} of {len(expected)}' if names else ''


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, tensors bit by bit."""
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    return bool(one == other)
