"""What a check of a dataset found, against what is published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import DataError

__all__ = ['Fault', 'Findings']


class Fault(NamedTuple):
    """One thing that is wrong.

    Attributes:
        kind: In one word, such as ``'missing'``.
        place: The file, or what else is wrong.
        reason: Why.
    """

    kind: str
    place: str
    reason: str


class Findings:
    """Collects faults, so that one check names all of them.

    Args:
        file: Where the list of faults goes: kind, place and reason, tabs between.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.faults: list[Fault] = []

    def add(self, kind: str, place: object, reason: str) -> None:
        """Note one fault."""
        self.faults.append(Fault(kind, str(place), ' '.join(reason.split())))

    def compare(self, what: str, found: int, published: int) -> None:
        """Hold a count against the published one, and print both."""
        print(f'{what}: {found:,} (published: {published:,})')
        if found != published:
            self.add('count', what, f'{found:,} found, {published:,} published')

    def compare_each(
        self, what: str, found: Mapping[Any, int], published: Mapping[Any, int]
    ) -> None:
        """Hold the count of each class against the published one; faults alone count.

        Args:
            what: What is counted, such as ``'train photos of'``.
            found: Class to count.
            published: Class to count; another class is a fault too.
        """
        for name in [*published, *(name for name in found if name not in published)]:
            here, there = found.get(name, 0), published.get(name, 0)
            if here != there:
                reason = f'{here:,} found, {there:,} published'
                self.add('count', f'{what} {name}', reason)

    def finish(self) -> None:
        """Write the list, or remove an old one where nothing is wrong.

        Raises:
            DataError: Something is wrong.
        """
        if not self.faults:
            self.file.unlink(missing_ok=True)
            print('nothing missing, nothing broken')
            return
        lines = ['\t'.join(fault) for fault in self.faults]
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text('\n'.join([*lines, '']), encoding='utf-8')
        kinds = Counter(fault.kind for fault in self.faults)
        first = self.faults[0]
        raise DataError(
            f'{", ".join(f"{count:,} {kind}" for kind, count in kinds.items())}; the '
            f'first: {first.place}: {first.reason}. All of them are in {self.file}. '
            'Mend the download and start again; what is whole is not done twice.'
        )
