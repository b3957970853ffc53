"""What a fault did: the rows of the table, one record a fault, and the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

__all__ = ['Outcome', 'Record', 'failures', 'markdown']


class Outcome(Enum):
    """What happened; the value is the row's name in the table."""

    REFUSED = 'refused clearly'
    SKIPPED = 'skipped and counted'
    SURVIVED = 'survived'
    FORETOLD = 'patched up by the decoder; check_dataset.py names it'
    UNDETECTABLE = 'undetectable: read without an error'
    SILENT = 'silent'
    HUNG = 'hung'
    FOREIGN = 'exception not ours, or without a message'
    EXECUTED = 'code executed'
    LOST = 'lost'

    @property
    def is_failure(self) -> bool:
        """Whether the row has to be empty."""
        return self in FAILURES

    @property
    def meaning(self) -> str:
        """What counts for this row."""
        return MEANING[self]


FAILURES = {
    Outcome.SILENT,
    Outcome.HUNG,
    Outcome.FOREIGN,
    Outcome.EXECUTED,
    Outcome.LOST,
}

MEANING = {
    Outcome.REFUSED: 'an error of ours that names the file or the value',
    Outcome.SKIPPED: 'the sample was left out, named and counted',
    Outcome.SURVIVED: 'the result is that of the undisturbed run, bit by bit',
    Outcome.FORETOLD: 'another result; the decoder fills damaged parts of a frame, and '
    'check_dataset.py finds the file beforehand',
    Outcome.UNDETECTABLE: 'another result; a reader apart from mmadapt finds no error '
    'in the file either, and nothing says what it was meant to hold',
    Outcome.SILENT: 'another result, or a broken input taken, without a word',
    Outcome.HUNG: 'no end within the time limit',
    Outcome.FOREIGN: "an error of a library's own, or one that says nothing",
    Outcome.EXECUTED: 'code in a file was run',
    Outcome.LOST: 'work that was saved before can no longer be resumed',
}


@dataclass(frozen=True)
class Record:
    """One fault and what it did.

    Attributes:
        kind: What was broken, a column of the table: 'kill in a save', 'video', ...
        fault: This very fault, so that it can be had again: 'bit 7 of byte 812'.
        outcome: The row.
        detail: What was seen: the error's text, or what differs.
        seed: Of the generator that made the fault.
    """

    kind: str
    fault: str
    outcome: Outcome
    detail: str = ''
    seed: int = 0


def failures(records: Iterable[Record]) -> list[Record]:
    """The records of rows that have to be empty."""
    return [record for record in records if record.outcome.is_failure]


def markdown(records: Sequence[Record]) -> str:
    """Outcomes by kind of fault, zeros included, as a table in Markdown.

    Kinds stand in the order in which they were first met, their sum last.
    """
    kinds = list(dict.fromkeys(record.kind for record in records))
    count = Counter((record.outcome, record.kind) for record in records)
    rows = [
        ['', *kinds, 'all'],
        ['---', *['---:'] * (len(kinds) + 1)],
        *(
            [outcome.value, *map(str, cells), str(sum(cells))]
            for outcome in Outcome
            for cells in [[count[outcome, kind] for kind in kinds]]
        ),
        ['all', *(str(sum(r.kind == kind for r in records)) for kind in kinds)]
        + [str(len(records))],
    ]
    return '\n'.join(f'| {" | ".join(row)} |' for row in rows)
