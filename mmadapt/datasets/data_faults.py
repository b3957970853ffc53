"""What is wrong, or odd, with the lists and labels of a config's data."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from ..config.parts import Part
from .data_files import Looked
from .official.findings import Fault

__all__ = ['Finding', 'find_faults', 'find_oddities']

UNEQUAL = 10
"""How many times as many samples as another one a class has, where it is told."""

Finding = Fault
"""Part of the data, file or class, and what is wrong."""


def find_faults(
    parts: Sequence[Part], whole: Mapping[str, Looked], broken: Mapping[str, str]
) -> Iterator[Finding]:
    """What has to be mended.

    Args:
        parts: The data.
        whole: Path to what was found in a file.
        broken: Path to what is wrong with it.
    """
    for part in parts:
        for problem in part.problems:
            yield Finding(part.name, 'list', problem)
        for path in dict.fromkeys(part.files):
            if path in broken:
                yield Finding(part.name, str(path), broken[str(path)])
        yield from faults_of_labels(part)
        yield from contradictions(part, whole)
    for one, other in combinations(parts, 2):
        if one.classes and other.classes and one.classes != other.classes:
            differ = sorted({*one.classes} ^ {*other.classes}) or 'their order'
            text = f'other classes than {one.name}; they differ in {differ}'
            yield Finding(other.name, 'classes', text)
        if one.trains:
            yield from leaks(one, other, whole)


def faults_of_labels(part: Part) -> Iterator[Finding]:
    """Labels without a class, and classes without a sample to train on."""
    counts = Counter(label for labels in part.labels for label in labels)
    known = len(part.classes)
    if not known:
        return
    for path, labels in zip(part.files, part.labels):
        outside = [label for label in labels if not 0 <= label < known]
        if outside:
            text = f'label {outside[0]} has no class; there are {known}'
            yield Finding(part.name, str(path), text)
    for label, name in enumerate(part.classes):
        if part.trains and not counts[label]:
            yield Finding(part.name, f'class {name!r}', 'no sample')


def contradictions(part: Part, whole: Mapping[str, Looked]) -> Iterator[Finding]:
    """Copies of one file that have different labels."""
    for paths in copies(part, whole).values():
        labels = {path: part.labels[part.files.index(path)] for path in paths}
        if len({tuple(each) for each in labels.values()}) > 1:
            text = '; '.join(f'{path} has {each}' for path, each in labels.items())
            yield Finding(part.name, paths[0], f'copies with different labels: {text}')


def leaks(one: Part, other: Part, whole: Mapping[str, Looked]) -> Iterator[Finding]:
    """Files that are trained on and tested on."""
    trained = copies(one, whole, 1)
    for content, paths in copies(other, whole, 1).items():
        if content in trained:
            text = f'the same as {trained[content][0]!r}, which is in {one.name}'
            yield Finding(other.name, paths[0], text)


def copies(
    part: Part, whole: Mapping[str, Looked], least: int = 2
) -> dict[str, list[str]]:
    """Content to the paths that have it, where there are so many."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in dict.fromkeys(part.files):
        if path is not None:
            content = whole[path].digest if path in whole else path
            found[content].append(path)
    return {content: paths for content, paths in found.items() if len(paths) >= least}


def find_oddities(
    parts: Sequence[Part], whole: Mapping[str, Looked]
) -> Iterator[Finding]:
    """What may be meant, and should be known.

    Args:
        parts: The data.
        whole: Path to what was found in a file.
    """
    for part in parts:
        counts = Counter(label for labels in part.labels for label in labels)
        names = dict(enumerate(part.classes)) or {n: str(n) for n in sorted(counts)}
        for label, name in names.items():
            if not part.trains and not counts[label] and part.labels:
                yield Finding(part.name, f'class {name!r}', 'no sample')
        if counts and max(counts.values()) > UNEQUAL * min(counts.values()):
            (most, many), *_, (least, few) = counts.most_common()
            text = f'{many:,} samples, {names.get(least, least)!r} has {few:,}'
            yield Finding(part.name, f'class {names.get(most, most)!r}', text)
        for path, times in Counter(part.files).items():
            if path is not None and times > 1:
                yield Finding(part.name, path, f'stands in the list {times} times')
        for paths in copies(part, whole).values():
            text = f'the same as {len(paths) - 1} more, such as {paths[1]!r}'
            yield Finding(part.name, paths[0], text)
        for path in dict.fromkeys(part.files):
            looked = None if path is None else whole.get(path)
            for note in looked.notes if looked else ():
                yield Finding(part.name, str(path), note)
