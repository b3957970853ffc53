"""The table: one row a method, as Table 1 of the paper has it."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .runs import Run

HEAD = (
    'method',
    'lr',
    'trainable',
    'share',
    'task file',
    'score %',
    's/iteration',
    'memory',
)


@dataclass(frozen=True)
class Row:
    """One method.

    Attributes:
        title: What a user reads.
        rate: Learning rate, None where it is the config's.
        trainable: Parameters that train, head included.
        total: All parameters.
        file_bytes: Size of the task file.
        scores: Percent, one a seed.
        seconds: Per iteration, median over the seeds.
        memory: Peak in bytes, of the GPU or, without one, of the process.
    """

    title: str
    rate: float | None
    trainable: int
    total: int
    file_bytes: int
    scores: tuple[float, ...]
    seconds: float
    memory: float

    @property
    def mean(self) -> float:
        """Mean score."""
        return statistics.mean(self.scores)

    @property
    def deviation(self) -> float:
        """Sample standard deviation; 0 of one seed."""
        return statistics.stdev(self.scores) if len(self.scores) > 1 else 0.0


def collect(
    runs: Sequence[Run], measured: Mapping[str, Mapping[str, float]]
) -> list[Row]:
    """Read what the runs left.

    Args:
        runs: All that were trained, the seeds of a method behind each other.
        measured: By the name of the run, what was measured from outside.
    """
    rows = []
    for method in dict.fromkeys(run.method for run in runs):
        same = [run for run in runs if run.method == method]
        parameters = same[0].parameters()
        outside = max(measured[run.name].get('peak_bytes', 0) for run in same)
        rows.append(
            Row(
                title=method.title,
                rate=same[0].rate,
                trainable=parameters.trainable,
                total=parameters.total,
                file_bytes=same[0].task_bytes(),
                scores=tuple(run.score() for run in same),
                seconds=statistics.median(r.seconds_per_iteration() for r in same),
                memory=max(run.gpu_bytes() for run in same) or outside,
            )
        )
    return rows


def markdown(rows: Sequence[Row]) -> str:
    """The table as Markdown."""
    lines = [HEAD, tuple('---' for _ in HEAD), *(cells(row) for row in rows)]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)


def cells(row: Row) -> tuple[str, ...]:
    """One row as text."""
    spread = f' ± {row.deviation:.2f}' if len(row.scores) > 1 else ''
    return (
        row.title,
        "the config's" if row.rate is None else f'{row.rate:g}',
        f'{row.trainable:,}',
        f'{100 * row.trainable / row.total:.2f} %',
        f'{row.file_bytes / 1e6:.2f} MB',
        f'{row.mean:.2f}{spread}',
        f'{row.seconds:.3f}',
        f'{row.memory / 2**30:.2f} GiB',
    )


def write_csv(rows: Sequence[Row], file: Path) -> None:
    """One line a method and seed, unrounded."""
    with file.open('w', newline='') as out:
        writer = csv.writer(out)
        names = ['lr', 'trainable', 'total', 'file_bytes', 'seconds', 'memory_bytes']
        writer.writerow(['method', 'seed', 'score', *names])
        for row in rows:
            shared = [row.rate, row.trainable, row.total, row.file_bytes]
            for seed, score in enumerate(row.scores):
                writer.writerow(
                    [row.title, seed, score, *shared, row.seconds, int(row.memory)]
                )


def rates_markdown(runs: Sequence[Sequence[Run]]) -> str:
    """The scores that the learning rates were chosen by, a method a row."""
    rates = sorted({run.rate for some in runs for run in some if run.rate is not None})
    lines = [
        ('held-out score %', *(f'{rate:g}' for rate in rates)),
        ('---',) * (len(rates) + 1),
    ]
    for some in runs:
        scores = {run.rate: f'{run.score():.2f}' for run in some}
        lines.append((some[0].method.title, *(scores.get(rate, '') for rate in rates)))
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)
