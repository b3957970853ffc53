"""Trunks and task files that are broken: their bytes, or what they hold."""

from __future__ import annotations

import random
import shutil
import zipfile
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from .case import Case
from .commands import Inputs
from .contents import META_FAULTS, STAMP_FAULTS, STATE_FAULTS, copied
from .damage import damage
from .scene import Scene

__all__ = ['break_task', 'break_trunk']

TRUNK_TOOLS = ('load', 'test', 'train', 'predict', 'convert trunk', 'merge')
FREE = ('load', 'train', 'convert trunk')
"""Tools that read a trunk without a task file that says which one it has to be."""
TASK_TOOLS = ('test', 'load', 'predict', 'resume', 'merge', 'train', 'convert')
SCENES = ('image', 'video')


def break_trunk(
    scenes: dict[str, Scene], folder: Path, own: random.Random, turn: int
) -> Case:
    """A broken trunk, given to one of the tools that read one."""
    scene = scenes[SCENES[turn // 3 % 2]]
    tool = TRUNK_TOOLS[turn % len(TRUNK_TOOLS)]
    safe = turn % 5 == 4
    file = folder / f'trunk{turn}.{"safetensors" if safe else "pth"}'
    content = torch.load(scene.trunk, weights_only=True)
    if turn // 2 % 2:
        kind = turn // 4 % len(STATE_FAULTS)
        fault = STATE_FAULTS[kind](content['state_dict'], own)
        write_plain(content, file)
    else:
        write_plain(content, file)
        broken, fault = damage(file.read_bytes(), own, turn)
        file.write_bytes(broken)
    return Case(
        kind='trunk',
        fault=f'{file.suffix}: {fault}',
        tool=tool,
        scene=scene,
        inputs=Inputs(trunk=file),
        whole=Inputs(trunk=scene.trunk),
        names=(file.name,),
        sound=tool in FREE and is_sound(file),
    )


def break_task(
    scenes: dict[str, Scene], folder: Path, own: random.Random, turn: int
) -> Case:
    """A broken task file, given to a tool or lying in the folder that is resumed."""
    scene = scenes[SCENES[turn // 2 % 2]]
    if turn % 8 == 7:
        return break_newest(scene, folder, own, turn)
    tool = TASK_TOOLS[turn % len(TASK_TOOLS)]
    source = scene.work / ('epoch_1.pth' if tool == 'resume' else 'epoch_2.pth')
    content = torch.load(source, weights_only=True)
    safe = turn % 4 == 2
    file = folder / f'task{turn}.{"safetensors" if safe else "pth"}'
    turns, which = divmod(turn, 3)
    broken_bytes = which == 0
    sound = False
    fault = ''
    if which == 1:
        fault = STATE_FAULTS[turns % len(STATE_FAULTS)](content['state_dict'], own)
        sound = 'swapped' in fault or 'moved' in fault
    elif which == 2:
        faults = META_FAULTS if tool in ('resume', 'test') else STAMP_FAULTS
        fault = faults[turns % len(faults)](content, own)
    write(content, file, safe)
    if broken_bytes:
        broken, fault = damage(file.read_bytes(), own, turns)
        file.write_bytes(broken)
    return Case(
        kind='task file',
        fault=f'{file.suffix}: {fault}',
        tool=tool,
        scene=scene,
        inputs=Inputs(task=file),
        whole=Inputs(task=source),
        names=(file.name, 'task file', 'task_stamp', 'finite'),
        # the converter writes what it reads; who loads that, refuses it
        sound=sound or (tool == 'convert' and not broken_bytes),
    )


def break_newest(scene: Scene, folder: Path, own: random.Random, turn: int) -> Case:
    """The newest file of a training is torn, or its note; it goes on all the same."""
    work = folder / 'work'
    shutil.copytree(scene.work, work)
    name = 'last_checkpoint' if turn // 8 % 3 == 2 else 'epoch_2.pth'
    broken, fault = damage((work / name).read_bytes(), own, turn // 8)
    (work / name).write_bytes(broken)
    return Case(
        kind='task file',
        fault=f'{name} of the folder: {fault}',
        tool='go on',
        scene=scene,
        survives=True,
    )


def write(content: dict[str, Any], file: Path, safe: bool) -> None:
    """A checkpoint in either form, without the checks of mmadapt's converter."""
    if not safe:
        torch.save(content, file)
        return
    from mmadapt.errors import TaskFileError
    from mmadapt.weights.safe_file import safetensors_bytes

    try:
        file.write_bytes(safetensors_bytes(content))
    except TaskFileError:  # what can't be written can't be met
        torch.save(copied(content), file)


def write_plain(content: dict[str, Any], file: Path) -> None:
    """A trunk, as others write it; tensors alone go into a safetensors file."""
    state = content['state_dict']
    if file.suffix == '.safetensors' and all(map(torch.is_tensor, state.values())):
        save_file(as_stored(state), file)
    else:
        torch.save(content, file)


def as_stored(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tensors as safetensors takes them."""
    return {name: tensor.clone().contiguous() for name, tensor in state.items()}


def is_sound(file: Path) -> bool:
    """Whether torch or safetensors alone read a file, and find all checksums right."""
    try:
        if file.suffix == '.safetensors':
            tensors = load_file(file)
        else:
            with zipfile.ZipFile(file) as parts:
                if parts.testzip() is not None:
                    return False
            content = torch.load(file, weights_only=True)
            tensors = content['state_dict']
        return all(
            tensor.is_floating_point() and bool(torch.isfinite(tensor).all())
            for tensor in tensors.values()
        )
    except Exception:  # any error at all means that it isn't
        return False
