"""Lists, tables and names of classes that are broken."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

from .case import Case
from .commands import Inputs
from .damage import damage
from .scene import CLASSES, Scene

__all__ = ['break_annotation']

Lines = list[str]
SCENES = ('image', 'video', 'labels')


def break_annotation(
    scenes: dict[str, Scene], folder: Path, own: random.Random, turn: int
) -> Case:
    """A broken list or ``classes.txt``, and a training or a test of it."""
    scene = scenes[SCENES[turn % len(SCENES)]]
    turns = turn // len(SCENES)
    tool = ('train', 'test')[turns % 2]
    data = folder / 'data'
    shutil.copytree(scene.data, data)
    ending = '.csv' if scene.name == 'labels' else '.txt'
    names = turns % 4 == 3
    part = {'train': 'train', 'test': 'val'}[tool]
    file = data / ('classes.txt' if names else f'{part}{ending}')
    if turns % 3 == 2:
        content, fault = damage(file.read_bytes(), own, turns)
        file.write_bytes(content)
        sound = means_something(file, names, data, scene)
    else:
        faults = NAME_FAULTS if names else LINE_FAULTS
        change = faults[turns // 2 % len(faults)]
        lines = file.read_text().splitlines()
        fault = (change.__doc__ or '').strip()
        write(file, change(lines, own))
        # a photo without any label is one of no class there
        sound = scene.name == 'labels' and change is no_label
    return Case(
        kind='annotation',
        fault=f'{file.name}: {fault}',
        tool=tool,
        scene=scene,
        inputs=Inputs(data=data),
        names=(file.name, 'classes', 'num_classes'),
        sound=sound,
    )


def write(file: Path, content: Lines | bytes) -> None:
    """Lines, or the very bytes."""
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        file.write_text(''.join(f'{line}\n' for line in content))


def means_something(file: Path, names: bool, data: Path, scene: Scene) -> bool:
    """Whether a damaged list is still one: of files that are there, with labels that
    are known; read here apart from mmadapt.
    """
    try:
        lines = [
            line for line in file.read_bytes().decode().splitlines() if line.strip()
        ]
        if names:
            return (
                len({*lines}) == len(lines) == len(CLASSES) + (scene.name == 'labels')
            )
        for line in lines:
            if scene.name == 'labels':
                path, *labels = line.split(',')
                known = {*labels} <= {*CLASSES, 'big'}
            else:
                path, label = line.strip().rsplit(maxsplit=1)
                known = label in ('0', '1')
            if not known or not (data / path).is_file():
                return False
        return bool(lines)
    except (ValueError, OSError):
        return False


def split(line: str) -> tuple[str, str, str]:
    """Path, separator and the rest of a line."""
    sign = ',' if ',' in line else ' '
    return line.partition(sign)


def one(change: Callable[[str, random.Random], str]) -> Callable[..., Lines]:
    """A change of one line of a list."""

    def changed(lines: Lines, own: random.Random) -> Lines:
        place = own.randrange(len(lines))
        return [
            change(line, own) if index == place else line
            for index, line in enumerate(lines)
        ]

    changed.__doc__ = change.__doc__
    return changed


@one
def no_label(line: str, own: random.Random) -> str:
    """A line without a label"""
    return split(line)[0]


@one
def too_high(line: str, own: random.Random) -> str:
    """A label without a class"""
    path, sign, _ = split(line)
    return f'{path}{sign}{own.choice(["2", "99", "123456789012345678901", "blur"])}'


@one
def no_number(line: str, own: random.Random) -> str:
    """A label that is no whole number from 0 on"""
    path, sign, _ = split(line)
    return f'{path}{sign}{own.choice(["-1", "1.0", "nan", "0x1", "²", "1e0", "one"])}'


@one
def slip(line: str, own: random.Random) -> str:
    """A path with a slip of the pen"""
    place = own.randrange(3, 8)
    return f'{line[:place]}_{line[place:]}'


@one
def no_path(line: str, own: random.Random) -> str:
    """A label without a path"""
    _, sign, rest = split(line)
    return f'{sign}{rest}'


@one
def a_folder(line: str, own: random.Random) -> str:
    """A folder for a path"""
    _, sign, rest = split(line)
    return f'.{sign}{rest}'


@one
def reversed_order(line: str, own: random.Random) -> str:
    """Label and path in the other order"""
    path, sign, rest = split(line)
    return f'{rest.split(sign)[0]}{sign}{path}'


@one
def with_zero(line: str, own: random.Random) -> str:
    """A path with a zero byte"""
    return f'{line[:4]}\0{line[4:]}'


@one
def very_long(line: str, own: random.Random) -> str:
    """A path longer than a file system takes"""
    return f'{"x" * 5000}{line}'


def none(lines: Lines, own: random.Random) -> Lines:
    """No line"""
    return []


def blank(lines: Lines, own: random.Random) -> Lines:
    """Blank lines alone"""
    return ['', '  ', '']


def one_class(lines: Lines, own: random.Random) -> Lines:
    """A class without a sample"""
    return [line for line in lines if not line.endswith(('0', 'blue', 'blue,big'))]


def windows(lines: Lines, own: random.Random) -> bytes:
    """Lines that end as in Windows"""
    return ''.join(f'{line}\r\n' for line in lines).encode()


def marked(lines: Lines, own: random.Random) -> bytes:
    """A byte order mark"""
    return ''.join(f'{line}\n' for line in lines).encode('utf-8-sig')


def wide(lines: Lines, own: random.Random) -> bytes:
    """UTF-16"""
    return ''.join(f'{line}\n' for line in lines).encode('utf-16')


def spaced(lines: Lines, own: random.Random) -> Lines:
    """Blank lines between, and spaces behind"""
    return [text for line in lines for text in (f'{line}  ', '')]


def latin(lines: Lines, own: random.Random) -> bytes:
    """A letter in Latin-1"""
    return 'é'.encode('latin-1') + '\n'.join(lines).encode() + b'\n'


def twice(lines: Lines, own: random.Random) -> Lines:
    """A file twice, with two labels"""
    path, sign, label = split(lines[0])
    other = 'red' if label.startswith('blue') else 'blue' if sign == ',' else '1'
    return [*lines, f'{path}{sign}{other}']


LINE_FAULTS: tuple[Callable[..., Lines | bytes], ...] = (
    no_label, too_high, no_number, slip, windows, no_path, a_folder, twice,
    reversed_order, with_zero, marked, very_long, none, blank, wide, one_class, spaced,
    latin,
)  # fmt: skip


def fewer(lines: Lines, own: random.Random) -> Lines:
    """A name is lacking"""
    return lines[1:]


def more(lines: Lines, own: random.Random) -> Lines:
    """A name too many"""
    return [*lines, 'green']


def same(lines: Lines, own: random.Random) -> Lines:
    """A name twice"""
    return [lines[0]] * len(lines)


def turned(lines: Lines, own: random.Random) -> Lines:
    """Another order"""
    return lines[::-1]


NAME_FAULTS: tuple[Callable[..., Lines | bytes], ...] = (
    fewer, marked, more, same, windows, none, latin, wide, spaced,
)  # fmt: skip
