"""The table that ends the quickstart, and what it says."""

import csv
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tracks import METHODS, TRACKS, Run


@dataclass(frozen=True)
class Row:
    """One method on one track.

    Args:
        track: Key of :data:`tracks.TRACKS`.
        method: Key of :data:`tracks.METHODS`.
        trained: Parameters that the optimizer changed.
        file_bytes: Size of the task file.
        seconds: CPU time of ``tools/train.py``, start-up included, mean over the seeds.
        top1: Percent, one value a seed.
    """

    track: str
    method: str
    trained: int
    file_bytes: int
    seconds: float
    top1: tuple[float, ...]

    @property
    def accuracy(self) -> str:
        """Mean, and from two seeds on the sample standard deviation."""
        mean = statistics.mean(self.top1)
        if len(self.top1) == 1:
            return f'{mean:.1f}'
        return f'{mean:.1f} ± {statistics.stdev(self.top1):.1f}'


def trained_parameters(checkpoint: Path) -> int:
    """How many parameters training changed: those that Adam keeps a moment for."""
    import torch

    optimizer = torch.load(checkpoint, weights_only=True)['optimizer']
    return sum(state['exp_avg'].numel() for state in optimizer['state'].values())


def collect(runs: Sequence[Run], seconds: dict[str, float]) -> list[Row]:
    """Reads what the runs left.

    Args:
        runs: All that were trained.
        seconds: CPU time of training by the name of the run.
    """
    rows = []
    for track in reversed(TRACKS):
        for method in METHODS:
            same = [r for r in runs if (r.track.name, r.method) == (track, method)]
            last = max(same[0].folder.glob('epoch_*.pth'), key=lambda p: len(p.name))
            rows.append(
                Row(
                    track=track,
                    method=method,
                    trained=trained_parameters(last),
                    file_bytes=same[0].best().stat().st_size,
                    seconds=statistics.mean(seconds[run.name] for run in same),
                    top1=tuple(run.top1() for run in same),
                )
            )
    return rows


HEAD = ('task', 'method', 'trained', 'of full', 'task file', 'CPU time', 'top-1 %')


def cells(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """The table as text."""
    whole = {row.track: row.trained for row in rows if row.method == 'full'}
    return [
        (
            TRACKS[row.track].title,
            METHODS[row.method],
            f'{row.trained:,}',
            f'{row.trained / whole[row.track]:.1%}',
            size(row),
            f'{row.seconds:.0f} s',
            row.accuracy,
        )
        for row in rows
    ]


def markdown(rows: Sequence[Row]) -> str:
    """The table in Markdown, columns aligned for a terminal."""
    lines = [HEAD, *cells(rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    left = 2  # task and method read from the left, figures from the right

    def join(line: Sequence[str]) -> str:
        padded = [
            text.ljust(width) if i < left else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        return '| ' + ' | '.join(padded) + ' |'

    rule = ['-' * w if i < left else '-' * (w - 1) + ':' for i, w in enumerate(widths)]
    return '\n'.join([join(HEAD), join(rule), *map(join, lines[1:])])


def remarks(rows: Sequence[Row]) -> str:
    """What the figures say, and what they don't."""
    lines = []
    for name, track in TRACKS.items():
        mean = {r.method: statistics.mean(r.top1) for r in rows if r.track == name}
        gap = mean['full'] - mean['linear']
        gain = mean['adaptformer'] - mean['linear']
        text = f'{track.title}: AdaptFormer {gain:+.1f} points over linear probing'
        if gap > 0:
            text += (
                f', {gain / gap:.0%} of the way to full fine-tuning '
                f'({mean["adaptformer"] - mean["full"]:+.1f} points)'
            )
        error = (50 * 50 / track.size) ** 0.5
        lines.append(
            f'{text}. A guess gets {track.chance:g} %; {track.size} validation samples '
            f'carry a standard error of up to {error:.1f} points.'
        )
    seeds = len(rows[0].top1)
    lines += [
        'The share of trained parameters is large because the ViT is small: 64 beside '
        'a width of 96. For a ViT-B it is 1.5 %.',
        f'{seeds} seed{"s" if seeds > 1 else ""} of training on one pre-trained trunk '
        'a task; the last epoch is scored. Learning rates were chosen on a held-out '
        "quarter of each training set; the tasks' designs were not chosen blindly. "
        'This shows that the parts work together. It is no benchmark, and it does not '
        'repeat the paper, where AdaptFormer often beats full fine-tuning.',
        'CPU time is that of tools/train.py, one process with one thread, its start-up '
        'and the decoding of the data included. Each task file is best_*.pth, '
        'without the state of the optimizer; full fine-tuning needs the whole model.',
    ]
    return '\n'.join(f'- {line}' for line in lines)


def size(row: Row) -> str:
    """The task file's size, for people."""
    return f'{row.file_bytes / 1000:,.0f} kB'


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """One line a method and seed, unrounded."""
    with path.open('w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(
            ['task', 'method', 'seed', 'trained', 'file_bytes', 'seconds', 'top1']
        )
        for row in rows:
            for seed, top1 in enumerate(row.top1):
                writer.writerow(
                    [row.track, row.method, seed, row.trained, row.file_bytes]
                    + [round(row.seconds, 1), round(top1, 2)]
                )
