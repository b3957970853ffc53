"""Files are broken, fed to the tools, and what each tool makes of them is judged."""

from __future__ import annotations

import importlib
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mmengine.config import config as mmengine_config

from .annotations import break_annotation
from .case import Case, judge
from .checkpoints import break_task, break_trunk
from .commands import command
from .configs import break_config
from .crafted import craft
from .outcome import Record
from .runs import run
from .samples import break_sample
from .scene import Scene, write_scenes

__all__ = ['break_files']

LIMIT = 120.0

LIBRARIES = (
    'mmadapt',  # before the others, which need its workarounds
    'matplotlib.pyplot',
    *(
        f'{library}.{part}'
        for library in ('mmpretrain', 'mmaction')
        for part in ('apis', 'datasets', 'engine', 'evaluation', 'visualization')
    ),
)
"""What runs import, loaded once, before they are forked."""

Breaker = Callable[[dict[str, Scene], Path, random.Random, int], Case]

KINDS: dict[str, tuple[int, Breaker]] = {
    'video': (8, break_sample('video')),
    'image': (8, break_sample('image')),
    'trunk': (7, break_trunk),
    'task file': (9, break_task),
    'crafted pickle': (4, craft),
    'annotation': (7, break_annotation),
    'config': (9, break_config),
}
"""How often in a round, and by what."""


def break_files(folder: Path, number: int, seed: int) -> Iterator[Record]:
    """Break a number of files, one after another.

    Args:
        folder: Where to work; what a failure left stays there.
        number: How many.
        seed: Of all that is random.
    """
    prepare()
    scenes = write_scenes(folder / 'scenes', ('image', 'video', 'labels'))
    whole: dict[tuple[str, str, str], dict[str, Any]] = {}
    for index, (kind, turn) in enumerate(turns(number)):
        work = folder / f'case{index}'
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        own = random.Random(seed * 100_003 + index)
        case = KINDS[kind][1](scenes, work, own, turn)
        key = (case.scene.name, case.tool, str(case.whole))
        if key not in whole:
            whole[key] = undisturbed(case, folder / 'whole')
        marker = work / 'executed'
        asked = command(case.tool, case.scene, work, case.inputs)
        ended = run(asked.tool, asked.argv, work / 'log', LIMIT)
        outcome, detail = judge(case, asked, ended, whole[key], marker)
        if not outcome.is_failure:
            shutil.rmtree(work)
        fault = f'{case.fault}, to {case.tool} ({case.scene.name})'
        yield Record(kind, fault, outcome, detail, seed)


def prepare() -> None:
    """Load the libraries; configs are written unformatted, which is half of a run."""
    for name in LIBRARIES:
        importlib.import_module(name)

    def unchanged(text: str, **_: object) -> tuple[str, bool]:
        return text, True

    setattr(mmengine_config, 'FormatCode', unchanged)  # noqa: B010


def undisturbed(case: Case, folder: Path) -> dict[str, Any]:
    """The result on whole files.

    Raises:
        RuntimeError: There is none.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if case.survives:
        shutil.copytree(case.scene.work, folder / 'work')
    asked = command(case.tool, case.scene, folder, case.whole)
    ended = run(asked.tool, asked.argv, folder / 'log', LIMIT)
    if ended.status != 0 or not (result := asked.read(ended)):
        raise RuntimeError(f'{case.tool} of whole files failed:\n{ended.log[-3000:]}')
    return result


def turns(number: int) -> Iterator[tuple[str, int]]:
    """Kinds mixed by their shares, and how often each had its turn before."""
    parts = {kind: share for kind, (share, _) in KINDS.items()}
    had = dict.fromkeys(parts, 0)
    for _ in range(number):
        kind = min(parts, key=lambda name: (had[name] + 0.5) / parts[name])
        yield kind, had[kind]
        had[kind] += 1
