"""The table of zoo_coverage.py."""

from __future__ import annotations

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
        '| framework | backbone | configs | adapted | in part | refused | tracebacks '
        '| adapters | what is left out, and why |',
        '|---|---|---:|---:|---:|---:|---:|---:|---|',
    ]
    order = [(package, name) for package in FAMILIES for name in FAMILIES[package]]
    every: list[Outcome] = []
    for package, name in order:
        outcomes = coverage.families.get((package, name), [])
        if outcomes:
            every += outcomes
            cells = [*numbers(outcomes), span(outcomes), reasons(outcomes)]
            lines.append(f'| {package} | {name} | {" | ".join(cells)} |')
    lines.append(f'| | all | {" | ".join(numbers(every))} | | |')
    lines += ['', '| other configs | |', '|---|---:|']
    for what, count in coverage.others.most_common():
        lines.append(f'| {what}{families(coverage, what)} | {count} |')
    return '\n'.join(lines)


def numbers(outcomes: list[Outcome]) -> list[str]:
    """How many configs; adapted, in part, refused by us, and ended by other errors."""
    counts = [
        len(outcomes),
        sum(outcome.whole for outcome in outcomes),
        sum(bool(outcome.bare) for outcome in outcomes),
        sum(bool(outcome.refusal) for outcome in outcomes),
        sum(bool(outcome.crash) for outcome in outcomes),
    ]
    return [str(count) for count in counts]


def families(coverage: Coverage, what: str) -> str:
    """Which of the backbones stand in models for other ends, as `` (2 Name)``."""
    inside = [
        f'{count} {family}'
        for (other, family), count in coverage.elsewhere.items()
        if other == what and count
    ]
    return f' ({", ".join(inside)})' if inside else ''


def span(outcomes: list[Outcome]) -> str:
    """The smallest and the largest number of adapters."""
    counts = sorted({outcome.adapters for outcome in outcomes if outcome.adapters})
    if len(counts) < 2:
        return str(counts[0]) if counts else ''
    return f'{counts[0]} to {counts[-1]}'


def reasons(outcomes: list[Outcome]) -> str:
    """What has no adapter and why, each reason once; errors not ours in bold."""
    texts = dict.fromkeys(
        f'**{outcome.crash}**' if outcome.crash else outcome.refusal or outcome.bare
        for outcome in outcomes
        if not outcome.whole
    )
    return '; '.join(texts).replace('\n', ' ').replace('|', '\\|')


def crashes(coverage: Coverage) -> int:
    """How many configs ended in an error that isn't ours."""
    every = [o for outcomes in coverage.families.values() for o in outcomes]
    return sum(bool(outcome.crash) for outcome in every)


def write_into(page: Path, table: str) -> None:
    """Put the table between the two lines that mark its place in a page.

    A page that is not there yet is the table alone.

    Raises:
        ConfigError: The page has no such place.
    """
    text = page.read_text() if page.is_file() else f'{BEGIN}{END}\n'
    head, begun, rest = text.partition(BEGIN)
    _, ended, tail = rest.partition(END)
    if not begun or not ended:
        raise ConfigError(f'{page} has no place for the table: {BEGIN} and {END}.')
    page.write_text(f'{head}{BEGIN}\n\n{table}\n\n{END}{tail}')
