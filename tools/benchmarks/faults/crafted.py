"""Files of an attacker: a pickle that runs a command when it is read."""

from __future__ import annotations

import os
import pickle
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from .case import Case
from .commands import Inputs
from .scene import Scene

__all__ = ['craft']

PLACES: tuple[tuple[str, ...], ...] = (
    ('state_dict', 'WEIGHT'), ('state_dict', 'STAMP'), ('optimizer', 'state'),
    ('message_hub', 'log_scalars'), ('message_hub', 'runtime_info'),
    ('param_schedulers',), ('random_state',), ('position',), ('meta',),
    ('meta', 'cfg'), ('meta', 'config'), ('meta', 'dataset_meta'),
    ('optimizer', 'param_groups'), ('new',),
)  # fmt: skip
TOOLS = ('test', 'resume', 'predict', 'load', 'train', 'merge', 'convert', 'go on')
TRUNK_TOOLS = ('train', 'load', 'convert trunk', 'test')


class Run:
    """Calls a function when it is unpickled."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def attacks(marker: Path) -> list[tuple[str, Any]]:
    """Ways to write the marker."""
    touch = f'touch "{marker}"'
    python = f'open({str(marker)!r}, "w").close()'
    return [
        ('os.system', Run(os.system, touch)),
        ('eval', Run(eval, python)),
        ('exec', Run(exec, python)),
        ('subprocess.Popen', Run(subprocess.Popen, ['touch', str(marker)])),
        ('open', Run(open, str(marker), 'w')),
        ('pickle.loads', Run(pickle.loads, pickle.dumps(Run(os.system, touch)))),
        ('shutil.copy', Run(shutil.copy, '/etc/hostname', str(marker))),
    ]


def craft(
    scenes: dict[str, Scene], folder: Path, own: random.Random, turn: int
) -> Case:
    """A crafted file, given to a tool or lying in the folder that is resumed."""
    scene = scenes['image']
    marker = folder / 'executed'
    how, attack = attacks(marker)[turn % len(attacks(marker))]
    old = turn % 3 == 2  # the form of torch before 1.6, pickles in a row
    if turn % 4 == 3:
        tool = TRUNK_TOOLS[turn // 4 % len(TRUNK_TOOLS)]
        file = folder / 'crafted_trunk.pth'
        content = torch.load(scene.trunk, weights_only=True)
        content['args'] = attack
        place = ('args',)
        inputs, whole, survives = Inputs(trunk=file), Inputs(trunk=scene.trunk), False
    else:
        tool = TOOLS[turn % len(TOOLS)]
        place = PLACES[turn % len(PLACES)]
        source = scene.work / 'epoch_1.pth'
        content = torch.load(source, weights_only=True)
        put(content, place, attack, marker)
        file = folder / 'crafted.pth'
        inputs, whole, survives = (
            Inputs(task=file),
            Inputs(task=source),
            tool == 'go on',
        )
    if survives:
        work = folder / 'work'
        shutil.copytree(scene.work, work)
        file = work / 'epoch_2.pth'
        inputs = whole = Inputs()
    if turn % 10 == 9:
        file.write_bytes(pickle.dumps(attack))
    else:
        torch.save(content, file, _use_new_zipfile_serialization=not old)
    return Case(
        kind='crafted pickle',
        fault=f'{how} in {".".join(place)}{", old form" if old else ""}',
        tool=tool,
        scene=scene,
        inputs=inputs,
        whole=whole,
        names=(file.name,),
        survives=survives,
    )


def put(
    content: dict[str, Any], place: tuple[str, ...], value: Any, marker: Path
) -> None:
    """Put a value at a place; MMEngine runs the text in ``meta['config']``."""
    names = list(content['state_dict'])
    node, last = content, place[-1]
    for key in place[:-1]:
        node = node[key]
    if last in ('WEIGHT', 'STAMP'):
        last = next(n for n in names if n.endswith('stamp') is (last == 'STAMP'))
    if place == ('meta', 'config'):
        value = f'import os; os.system("touch {marker}")'
    node[last] = value
