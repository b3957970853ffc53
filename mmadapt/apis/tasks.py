"""Several tasks on one trunk, which is in memory once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from os import PathLike
from typing import Any

import torch
from mmengine.config import Config
from torch import nn

from ..errors import ConfigError
from .routed import RoutedBackbone, tensors_of
from .task import TaskModel, load_task

__all__ = ['Tasks', 'load_tasks']

TaskSource = tuple[str | PathLike[str] | Config, str | PathLike[str]]
"""A config and a task file."""


class Tasks(Mapping[str, TaskModel]):
    """Loaded tasks by name, each of which is whole by itself.

    Args:
        models: Of one trunk, with the same tensors where they are frozen.

    Attributes:
        routes: By name, the pass that the task shares with all of its build, and its
            number there.
    """

    def __init__(self, models: Mapping[str, TaskModel]) -> None:
        self.models = dict(models)
        builds: dict[str, list[str]] = {}
        for name, task in self.models.items():
            builds.setdefault(build_of(task), []).append(name)
        self.routes: dict[str, tuple[RoutedBackbone, int]] = {}
        for names in builds.values():
            routed = RoutedBackbone([models[name].model.backbone for name in names])
            self.routes |= {name: (routed, i) for i, name in enumerate(names)}

    def __getitem__(self, name: str) -> TaskModel:
        """A task by its name."""
        return self.models[name]

    def __iter__(self) -> Iterator[str]:
        """The names, in the order of loading."""
        return iter(self.models)

    def __len__(self) -> int:
        """How many."""
        return len(self.models)


def load_tasks(
    tasks: Mapping[str, TaskSource], device: str | torch.device | None = None
) -> Tasks:
    """Load several tasks that were trained on one trunk, and keep that once.

    Args:
        tasks: A name for each, its config and its task file.
        device: Where to; None takes a GPU if there is one.

    Raises:
        ConfigError: There are none, or they stand on several trunks; and what
            :func:`mmadapt.apis.load_task` raises.
    """
    if not tasks:
        raise ConfigError(
            'load_tasks: no tasks. Give a config and a task file by name.'
        )
    models: dict[str, TaskModel] = {}
    trunk: dict[str, nn.Parameter] = {}
    for name, (config, file) in tasks.items():
        models[name] = load_task(config, file, device)
        share(trunk, models[name].model.backbone, name)
    return Tasks(models)


def share(trunk: dict[str, nn.Parameter], backbone: nn.Module, name: str) -> None:
    """Let a backbone keep frozen parameters of others in place of its own.

    Args:
        trunk: Those of the others by name; what they lack is added.
        backbone: Of the task.
        name: Of the task.

    Raises:
        ConfigError: Some differ; nothing is changed then.
    """
    own = {n: p for n, p in backbone.named_parameters() if not p.requires_grad}
    common = own.keys() & trunk.keys()
    unlike = [n for n in own if n in common and not alike(own[n], trunk[n])]
    if unlike or (own and trunk and not common):
        where = f'{unlike[0]} differs' if unlike else 'no parameter is in both'
        raise ConfigError(
            f'The task {name!r} stands on another trunk than those in front of it: '
            f'{where}. Give their configs the same trunk file and the same '
            'frozen_dtype, or load each by itself (load_task).'
        )
    for parameter in common:
        own[parameter].data = trunk[parameter].data
    trunk.update({n: p for n, p in own.items() if n not in common})


def alike(one: nn.Parameter, other: nn.Parameter) -> bool:
    """Whether two parameters are the same in type, shape and numbers."""
    return one.dtype == other.dtype and torch.equal(one, other)


def build_of(task: TaskModel) -> str:
    """What two tasks have in common whose backbones differ in numbers alone."""
    cfg: dict[str, Any] = task.cfg.model.backbone.to_dict()
    cfg.pop('init_cfg', None)
    shapes = {n: list(t.shape) for n, t in tensors_of(task.model.backbone).items()}
    return json.dumps([cfg, shapes], sort_keys=True, default=str)
