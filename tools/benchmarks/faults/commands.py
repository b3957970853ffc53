"""The entry points that broken files are fed to, and what each of them gives back."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from .runs import Ended
from .scene import Scene

__all__ = ['Command', 'Inputs', 'command']

Result = dict[str, Any]


@dataclass(frozen=True)
class Inputs:
    """What a command reads; None is that of the scene."""

    config: Path | None = None
    trunk: Path | None = None
    task: Path | None = None
    data: Path | None = None
    sample: Path | None = None


@dataclass(frozen=True)
class Command:
    """A tool with its arguments.

    Attributes:
        tool: Its file below ``tools``.
        argv: Its arguments.
        read: The result of a run that ended well, by name.
        outputs: Files that may not be there when it failed.
    """

    tool: str
    argv: list[str]
    read: Callable[[Ended], Result]
    outputs: tuple[Path, ...] = ()


def command(tool: str, scene: Scene, folder: Path, given: Inputs) -> Command:
    """One of :data:`TOOLS` on a scene.

    Args:
        tool: Its name there.
        scene: Whose files are read where no other is given.
        folder: Where it writes.
        given: What is read instead.
    """
    return TOOLS[tool](scene, folder, given)


def options(given: Inputs, *more: str) -> list[str]:
    """``--cfg-options`` that name what is read instead."""
    found = [*more]
    if given.data:
        found.append(f'data_root={given.data}')
    if given.trunk:
        found.append(f'trunk={given.trunk}')
    return ['--cfg-options', *found] if found else []


def train(scene: Scene, folder: Path, given: Inputs, *more: str) -> Command:
    """A training from its start."""
    work = folder / 'work'
    extra = [f'load_from={given.task}'] if given.task else []
    argv = [str(given.config or scene.config), '--work-dir', str(work), *more]
    return Command(
        'train.py', argv + options(given, *extra), lambda _: last_weights(work)
    )


def go_on(scene: Scene, folder: Path, given: Inputs) -> Command:
    """The rest of a training, from the newest whole file of its folder."""
    return train(scene, folder, Inputs(given.config, given.trunk), '--resume')


def resume(scene: Scene, folder: Path, given: Inputs) -> Command:
    """The rest of a training, from a file."""
    file = given.task or scene.work / 'epoch_1.pth'
    return train(
        scene, folder, Inputs(given.config, given.trunk), '--resume', str(file)
    )


def test(scene: Scene, folder: Path, given: Inputs) -> Command:
    """The scores of all samples."""
    out = folder / 'out.pkl'
    task = given.task or scene.task
    argv = [str(given.config or scene.config), str(task)]
    argv += ['--work-dir', str(folder / 'work'), '--dump', str(out), *options(given)]
    return Command('test.py', argv, lambda _: dumped(out), (out,))


def predict(scene: Scene, folder: Path, given: Inputs) -> Command:
    """The classes of one file, or of three."""
    inputs = [given.sample] if given.sample else scene.samples[:3]
    task = given.task or scene.task
    argv = [str(given.config or scene.config), str(task), *map(str, inputs), '--json']
    return Command('predict.py', argv + options(given), printed)


def merge(scene: Scene, folder: Path, given: Inputs) -> Command:
    """Trunk and task in one file."""
    out = folder / 'merged.pth'
    argv = [str(given.config or scene.config), str(given.task or scene.task), str(out)]
    return Command(
        'converters/merge_task.py',
        argv + options(given),
        lambda _: weights(out),
        (out, out.with_suffix('.py')),
    )


def convert(scene: Scene, folder: Path, given: Inputs) -> Command:
    """A task file in its other form."""
    task = given.task or scene.task
    out = folder / f'other{".pth" if task.suffix == ".safetensors" else ".safetensors"}'

    def read(_: Ended) -> Result:
        from mmadapt.weights import read_checkpoint

        return tensors_of(read_checkpoint(out)['state_dict'])

    return Command('converters/convert_task.py', [str(task), str(out)], read, (out,))


def convert_trunk(scene: Scene, folder: Path, given: Inputs) -> Command:
    """A trunk in the names of the other library."""
    out = folder / 'trunk_out.pth'
    argv = [str(given.trunk or scene.trunk), str(out), '--to', 'mmaction']
    return Command(
        'converters/convert_weights.py', argv, lambda _: weights(out), (out,)
    )


def load(scene: Scene, folder: Path, given: Inputs) -> Command:
    """``load_weights`` of a trunk, or MMEngine's loader of a task file."""
    out = folder / 'loaded.pth'
    argv = [str(given.config or scene.config), str(out)]
    for name, file in (('--trunk', given.trunk), ('--task', given.task)):
        argv += [name, str(file)] if file else []
    return Command('benchmarks/faults/loading.py', argv, lambda _: weights(out), (out,))


TOOLS: dict[str, Callable[[Scene, Path, Inputs], Command]] = {
    'train': train,
    'go on': go_on,
    'resume': resume,
    'test': test,
    'predict': predict,
    'merge': merge,
    'convert': convert,
    'convert trunk': convert_trunk,
    'load': load,
}


def weights(file: Path) -> Result:
    """The tensors of a file."""
    return tensors_of(torch.load(file, weights_only=True)['state_dict'])


def tensors_of(state: Mapping[str, Any]) -> Result:
    """A state dict without its stamps, which name the trunk's file."""
    return {name: value for name, value in state.items() if 'task_stamp' not in name}


def last_weights(work: Path) -> Result:
    """Those of the last epoch."""
    files = sorted(work.glob('epoch_*.pth'), key=lambda f: int(f.stem.split('_')[1]))
    return {'file': files[-1].name, **weights(files[-1])} if files else {}


def dumped(file: Path) -> Result:
    """Scores by the place of the sample, and how many there are."""
    content = pickle.loads(file.read_bytes())  # written by the tool itself
    return {'number': len(content)} | {
        str(index): torch.as_tensor(one['pred_score']).cpu()
        for index, one in enumerate(content)
    }


def printed(ended: Ended) -> Result:
    """The JSON between what is logged, without the names of the inputs."""
    found = re.search(r'^\[\n.*?^\]$', ended.log, re.MULTILINE | re.DOTALL)
    content = json.loads(found[0]) if found else []
    return {str(index): one['classes'] for index, one in enumerate(content)}
