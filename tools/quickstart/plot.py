"""The plot that ends the quickstart."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from report import Row, size
from tracks import METHODS, TRACKS


@dataclass(frozen=True)
class Look:
    """How a method is drawn: its colour, and where its text stands to its point."""

    colour: str
    offset: tuple[int, int]
    side: str
    height: str


LOOKS = {
    'linear': Look('#7f7f7f', (10, 0), 'left', 'center'),
    'adaptformer': Look('#d62728', (-10, 0), 'right', 'center'),
    'full': Look('#1f77b4', (0, -10), 'center', 'top'),
}


def plot(rows: Sequence[Row], path: Path) -> None:
    """Top-1 over the trained parameters, one panel a task."""
    import matplotlib

    matplotlib.use('Agg')
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True)
    for axis, name in zip(axes, reversed(TRACKS), strict=True):
        for row in (row for row in rows if row.track == name):
            mean = statistics.mean(row.top1)
            spread = statistics.stdev(row.top1) if len(row.top1) > 1 else None
            look = LOOKS[row.method]
            axis.errorbar(
                row.trained, mean, spread, marker='o', ms=9, color=look.colour
            )
            axis.annotate(
                f'{METHODS[row.method]}\n{row.accuracy} %\n{size(row)}',
                (row.trained, mean),
                xytext=look.offset,
                textcoords='offset points',
                ha=look.side,
                va=look.height,
                fontsize=9,
            )
        chance = TRACKS[name].chance
        axis.axhline(chance, color='black', lw=0.8, ls=':')
        axis.text(200, chance + 1, 'chance', fontsize=8)
        axis.set(xscale='log', xlim=(150, 6e6), ylim=(0, 100))
        axis.set(title=TRACKS[name].title, xlabel='trained parameters')
        axis.grid(alpha=0.3)
    axes[0].set_ylabel('top-1 on validation, %')
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)
