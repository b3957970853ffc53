"""Two plots: the score over the parameters, and the training curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .report import Row
from .runs import Run


def pyplot() -> Any:
    """Matplotlib without a screen."""
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot as plt

    return plt


def colours(count: int) -> list[Any]:
    """A colour a method, all of them distinct up to twenty."""
    names = pyplot().colormaps['tab10' if count <= 10 else 'tab20'].colors
    return [names[index % len(names)] for index in range(count)]


def plot_scores(rows: Sequence[Row], file: Path) -> None:
    """Mean score over trainable parameters, bars of one standard deviation."""
    plt = pyplot()
    figure, axis = plt.subplots(figsize=(7, 4.5))
    for row, colour in zip(rows, colours(len(rows)), strict=True):
        axis.errorbar(
            row.trainable, row.mean, row.deviation, marker='o', capsize=3, color=colour
        )
        axis.annotate(
            row.title,
            (row.trainable, row.mean + row.deviation),  # above its bar
            xytext=(0, 7),
            textcoords='offset points',
            ha='center',
            fontsize=9,
        )
    axis.set(xscale='log', xlabel='trainable parameters', ylabel='score, %')
    axis.margins(x=0.12, y=0.15)
    axis.grid(alpha=0.3)
    save(figure, file)


def plot_curves(runs: Sequence[Run], file: Path) -> None:
    """Training loss over iterations: a line a seed, a colour a method."""
    plt = pyplot()
    figure, axis = plt.subplots(figsize=(7, 4.5))
    methods = list(dict.fromkeys(run.method for run in runs))
    palette = colours(len(methods))
    for run in runs:
        steps, losses = zip(*run.losses(), strict=True)
        colour = palette[methods.index(run.method)]
        label = run.method.title if run.seed == 0 else None
        axis.plot(steps, losses, color=colour, lw=1, label=label)
    axis.set(xlabel='iteration', ylabel='training loss (smoothed)', yscale='log')
    axis.grid(alpha=0.3)
    axis.legend(fontsize=9)
    save(figure, file)


def save(figure: Any, file: Path) -> None:
    """Write a figure and forget it."""
    figure.tight_layout()
    figure.savefig(file, dpi=120)
    pyplot().close(figure)
