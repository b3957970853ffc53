"""Which checkpoints are one run's: its own, and those that it went on from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

__all__ = ['RUN_NOTE', 'RunLine', 'line_of', 'read_note']

RUN_NOTE = 'last_run'
"""File of a work_dir that says which run used it last, before there is a checkpoint."""


@dataclass(frozen=True)
class RunLine:
    """One start of a training, and the starts that it goes on from.

    Each start has an id of its own, a resumed one too. So a run that went back to an
    earlier file and one that goes on behind it are told apart, though both stem from
    the same files.

    Attributes:
        run: The id; empty for files that have none.
        before: The starts before it, the last one first, each with the iteration at
            which it was left.
        file: What was resumed, where it isn't in the work_dir.
    """

    run: str
    before: tuple[tuple[str, int], ...] = ()
    file: str = ''

    @classmethod
    def fresh(cls) -> RunLine:
        """A training from the beginning."""
        return cls(uuid4().hex)

    @classmethod
    def after(cls, content: Mapping[str, Any], file: str = '') -> RunLine:
        """A training that goes on from a checkpoint.

        Args:
            content: Of the checkpoint.
            file: Its path, where it isn't in the work_dir.
        """
        last = line_of(content)
        left = (last.run, content['meta']['iter'])
        return cls(uuid4().hex, (left, *last.before), file)

    def place(self, run: str, iteration: int) -> int | None:
        """How many starts ago a checkpoint of this line was written; None: of another.

        Args:
            run: The id in the checkpoint.
            iteration: Its iteration.
        """
        if run == self.run:
            return 0
        for ago, (earlier, left) in enumerate(self.before, 1):
            if run == earlier and iteration <= left:
                return ago
        return None

    def plain(self) -> dict[str, Any]:
        """The line as a checkpoint and a note hold it."""
        plain: dict[str, Any] = {'id': self.run, 'before': [*map(list, self.before)]}
        return {**plain, 'file': self.file} if self.file else plain


def line_of(content: Mapping[str, Any]) -> RunLine:
    """The line that a checkpoint names; an empty id where it names none."""
    meta = content.get('meta')
    return from_plain(meta.get('run') if isinstance(meta, Mapping) else None) or (
        RunLine('')
    )


def read_note(work_dir: Path) -> RunLine | None:
    """The run that used a folder last; None where no whole note says it."""
    try:
        text = (work_dir / RUN_NOTE).read_text()
        return from_plain(json.loads(text))
    except (OSError, ValueError):  # none, or damaged: then the checkpoints tell
        return None


def from_plain(plain: object) -> RunLine | None:
    """The inverse of :meth:`RunLine.plain`; None of anything else."""
    if not isinstance(plain, Mapping) or not isinstance(plain.get('id'), str):
        return None
    before, file = plain.get('before'), plain.get('file', '')
    if not isinstance(before, (list, tuple)) or not isinstance(file, str):
        return None
    pairs = []
    for pair in before:
        match pair:
            case [str(run), int(left)]:
                pairs.append((run, left))
            case _:
                return None
    return RunLine(plain['id'], tuple(pairs), file)
