"""What a checkpoint gave to a model, and what it did not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .fingerprint import TrunkRecord

__all__ = ['LoadReport', 'format_rows']

_SHOWN = 20  # rows of one kind in a table; a wrong file lacks hundreds


@dataclass(frozen=True)
class LoadReport:
    """Outcome of :func:`mmadapt.weights.load_weights`.

    Attributes:
        file: The checkpoint.
        layout: The layout that was found in it.
        loaded: Name in the model to the name or names in the file.
        fresh: Names in the model that keep their values and may: adapters, heads and
            what is trained from scratch.
        missing: Names of the trunk that the file lacks; not empty in an error only.
        unexpected: Names in the file that have no place in the model.
        resized: Names in the model whose tensor was resized or inflated.
        record: Hashes of the trunk's tensors as they were read.
        needed: Number of tensors that the trunk needs.
    """

    file: str
    layout: str
    loaded: dict[str, str] = field(default_factory=dict)
    fresh: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    resized: list[str] = field(default_factory=list)
    record: TrunkRecord = field(default_factory=TrunkRecord)
    needed: int = 0

    @property
    def coverage(self) -> str:
        """How many of the tensors that the trunk needs were found: '150/150'."""
        return f'{self.needed - len(self.missing)}/{self.needed}'

    def table(self) -> str:
        """The report as text, one kind of tensors after another."""
        head = f'{self.file}: layout {self.layout}, trunk {self.coverage}'
        return '\n'.join(
            [
                head,
                *format_rows('missing in the file', self.missing),
                *format_rows('left over in the file', self.unexpected),
                *format_rows('resized', self.resized),
                *format_rows('kept as it was', self.fresh),
            ]
        )


def format_rows(title: str, names: Iterable[str]) -> list[str]:
    """Lines of a table for one kind of tensors; none where there are none.

    Args:
        title: The kind.
        names: One entry a row; a long list is cut, and the rest counted.
    """
    rows = list(names)
    if not rows:
        return []
    lines = [f'  {title} ({len(rows)})', *(f'    {row}' for row in rows[:_SHOWN])]
    if len(rows) > _SHOWN:
        lines.append(f'    ... and {len(rows) - _SHOWN} more')
    return lines
