"""The table of zoo_coverage.py."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from mmadapt.errors import ConfigError

from .build import Coverage, Outcome
from .configs import FAMILIES

__all__ = ['BEGIN', 'END', 'crashes', 'markdown', 'write_into']

BEGIN = '<!-- written by tools/analysis/zoo_coverage.py -->'
END = '<!-- end of the table -->'


def markdown(coverage: Coverage) -> str:
    """All families, the sum, and what is no adaptable config."""
    lines = [
        '| framework | backbone | configs | adapted | adapters | refused |',
        '|---|---|---:|---:|---|---|',
    ]
    whole = adapted = 0
    order = [(package, name) for package in FAMILIES for name in FAMILIES[package]]
    for package, name in order:
        outcomes = coverage.families.get((package, name), [])
        if not outcomes:
            continue
        done = [outcome for outcome in outcomes if outcome.adapters]
        whole += len(outcomes)
        adapted += len(done)
        lines.append(
            f'| {package} | {name} | {len(outcomes)} | {len(done)} | {span(done)} | '
            f'{reasons(outcomes)} |'
        )
    share = f'{100 * adapted / whole:.1f} %' if whole else '-'
    lines += [
        f'| | all | {whole} | {adapted} ({share}) | | |',
        '',
        'Of the other configs: '
        + ', '.join(f'{count} {what}' for what, count in coverage.others.most_common())
        + '.',
    ]
    return '\n'.join(lines)


def span(done: list[Outcome]) -> str:
    """The smallest and the largest number of adapters."""
    counts = sorted({outcome.adapters for outcome in done})
    if len(counts) < 2:
        return str(counts[0]) if counts else ''
    return f'{counts[0]} to {counts[-1]}'


def reasons(outcomes: list[Outcome]) -> str:
    """Why configs were refused, each reason once; errors that aren't ours in bold."""
    counts = Counter(
        f'**{outcome.crash}**' if outcome.crash else outcome.refusal
        for outcome in outcomes
        if not outcome.adapters
    )
    cells = [f'{count}: {text}' for text, count in counts.items()]
    return ' '.join(cells).replace('\n', ' ').replace('|', '\\|')


def crashes(coverage: Coverage) -> int:
    """How many configs ended in an error that isn't ours."""
    every = [o for outcomes in coverage.families.values() for o in outcomes]
    return sum(bool(outcome.crash) for outcome in every)


def write_into(page: Path, table: str) -> None:
    """Put the table between the two lines that mark its place in a page.

    Raises:
        ConfigError: The page has no such place.
    """
    text = page.read_text() if page.is_file() else ''
    head, begun, rest = text.partition(BEGIN)
    _, ended, tail = rest.partition(END)
    if not begun or not ended:
        raise ConfigError(f'{page} has no place for the table: {BEGIN} and {END}.')
    page.write_text(f'{head}{BEGIN}\n\n{table}\n\n{END}{tail}')
