"""Several tasks on one trunk, which is in memory once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from io import BytesIO
from os import PathLike
from typing import Any

import torch
from mmengine.config import Config

from ..config import load_config
from ..errors import ConfigError
from .routed import RoutedBackbone, tensors_of
from .sharing import Trunk
from .task import TaskModel, load_task

__all__ = ['Tasks', 'load_tasks']

TaskSource = tuple[str | PathLike[str] | Config, str | PathLike[str]]
"""A config and a task file."""

BYPASSED = ('timm', 'torchvision')
"""Packages of whose models MMAction2's recognizers call parts."""


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

    def __reduce__(self) -> tuple[Any, ...]:
        """How they are pickled and deep-copied: the trunk once, no lock.

        By ``torch.save``, which keeps what tensors have in common; pickle and deepcopy
        would give each task a trunk.
        """
        stream = BytesIO()
        torch.save(self.models, stream)
        return restored, (stream.getvalue(),)

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
        ConfigError: There are none, they stand on several trunks, or a model can't be
            given its backbone's output; and what :func:`mmadapt.apis.load_task` raises.
    """
    if not tasks:
        raise ConfigError(
            'load_tasks: no tasks. Give a config and a task file by name.'
        )
    configs = {
        name: config if isinstance(config, Config) else load_config(config)
        for name, (config, _) in tasks.items()
    }
    for name, cfg in configs.items():
        check_model(cfg, name)
    models: dict[str, TaskModel] = {}
    trunk = Trunk()
    for name, (_, file) in tasks.items():
        models[name] = load_task(configs[name], file, device)
        trunk.share(models[name].model.backbone, name)
    return Tasks(models)


def check_model(cfg: Config, name: str) -> None:
    """Refuse a model that can't be given its backbone's output.

    Args:
        cfg: Of the task.
        name: Of the task.

    Raises:
        ConfigError: It has no backbone, or calls something else of it than its forward,
            as MMAction2's recognizers do with models of timm and torchvision.
    """
    model = cfg.get('model')
    if not isinstance(model, Mapping) or 'type' not in model:
        return  # load_task says what is wrong with it
    backbone = model.get('backbone')
    if backbone is None:
        given = f'{named(model["type"])} has no backbone'
    elif cfg.get('default_scope') == 'mmaction' and package(backbone) in BYPASSED:
        given = (
            f'{named(model["type"])} reads model.backbone, '
            f'{named(backbone["type"])}, past its forward'
        )
    else:
        return
    raise ConfigError(
        f'load_tasks: the task {name!r} can not share a trunk: {given}. Allowed are '
        'models that call a backbone of MMPretrain or MMAction2, such as '
        'ImageClassifier and Recognizer3D. Load it by itself (load_task).'
    )


def package(part: Any) -> str:
    """What stands in front of the first dot of a part's type, or of its module."""
    kind = part.get('type') if isinstance(part, Mapping) else None
    full = kind if isinstance(kind, str) else getattr(kind, '__module__', '')
    return full.partition('.')[0]


def named(kind: Any) -> str:
    """A type of a config: its name, or the class by its name."""
    return kind if isinstance(kind, str) else getattr(kind, '__name__', str(kind))


def restored(stream: bytes) -> Tasks:
    """Tasks that were pickled or copied."""
    return Tasks(torch.load(BytesIO(stream), weights_only=False))


def build_of(task: TaskModel) -> str:
    """What two tasks have in common whose backbones differ in numbers alone."""
    cfg: dict[str, Any] = task.cfg.model.backbone.to_dict()
    cfg.pop('init_cfg', None)
    shapes = {n: list(t.shape) for n, t in tensors_of(task.model.backbone).items()}
    return json.dumps([cfg, shapes], sort_keys=True, default=str)
