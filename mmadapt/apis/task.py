"""A trunk and a task file as one model, ready to predict."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.device import get_device
from torch import nn

from ..config import load_config, resolve_config
from ..config.failures import config_errors
from ..config.places import walk
from ..errors import AdaptError, ConfigError, DataError
from ..weights.reading import read_checkpoint
from .inputs import check_content, check_kind, kind_of
from .meta import class_names, count_classes
from .preprocessing import check_preprocessing
from .scope import in_scope

__all__ = ['Prediction', 'TaskModel', 'load_task', 'predict']


@dataclass(frozen=True)
class Prediction:
    """One class proposed for one input.

    Attributes:
        label: Index of the class.
        name: Its name; the index as text where the task file has no names.
        score: Its probability.
    """

    label: int
    name: str
    score: float


@dataclass(frozen=True)
class TaskModel:
    """A model with its task loaded, in evaluation mode.

    Attributes:
        model: The classifier or recognizer.
        cfg: Its resolved config.
        classes: Names of the classes, empty where the task file has none.
        kind: What it reads, ``'image'`` or ``'video'``.
        several: Whether an input may have any number of classes; then each has a
            probability of its own, and they don't sum to 1.
    """

    model: Any  # a BaseModel of MMEngine
    cfg: Config
    classes: tuple[str, ...]
    kind: str
    several: bool = False


def load_task(
    config: str | PathLike[str] | Config,
    task: str | PathLike[str],
    device: str | torch.device | None = None,
) -> TaskModel:
    """Build the model of a config and load a task file, or any checkpoint, into it.

    Args:
        config: A config or its file; what it leaves open is filled from the trunk and
            the task file, no data is needed.
        task: The task file.
        device: Where to; None takes a GPU if there is one.

    Raises:
        ConfigError: A config that can't be obeyed, or of another library.
        TaskFileError: A task file that doesn't belong to the config and its trunk.
        WeightsError: A missing or broken trunk or task file.
    """
    cfg = config if isinstance(config, Config) else load_config(config)
    kind = kind_of(cfg)
    checkpoint = read_checkpoint(task)
    cfg = resolve_config(cfg, 'predict', count_classes(checkpoint, task))
    with config_errors(cfg):
        model = build(cfg, str(task), device or get_device())
    check_preprocessing(str(task), checkpoint, model)
    return TaskModel(
        model=model,
        cfg=cfg,
        classes=tuple(class_names(checkpoint)),
        kind=kind,
        several=has_several(model, kind),
    )


def has_several(model: nn.Module, kind: str) -> bool:
    """Whether a model says yes or no to each class by itself."""
    if kind != 'image':
        return False
    from mmpretrain.models.heads import MultiLabelClsHead

    return isinstance(getattr(model, 'head', None), MultiLabelClsHead)


def build(cfg: Config, task: str, device: str | torch.device) -> nn.Module:
    """The model, by the inference function of the config's own library."""
    if cfg.default_scope == 'mmpretrain':
        from mmpretrain.apis import get_model

        return get_model(cfg, pretrained=task, device=device)
    from mmaction.apis import init_recognizer

    if 'data_preprocessor' in cfg:
        cfg.model.setdefault('data_preprocessor', cfg.data_preprocessor)
    return init_recognizer(cfg, task, device=device)


def predict(
    task: TaskModel, inputs: Sequence[str | PathLike[str]], topk: int | None = None
) -> list[list[Prediction]]:
    """The most probable classes of photos or clips.

    Args:
        task: What :func:`load_task` returned.
        inputs: Files.
        topk: Number of classes an input; fewer where the task has fewer. None takes
            5, or all of them where an input may have several.

    Returns:
        For each input its classes, best first.

    Raises:
        DataError: An input that is missing, of the other kind, or can't be read.
    """
    topk = count_of(task, topk)
    for file in inputs:
        check_kind(file, task.kind)
    with in_scope(task.cfg):
        pipeline = pipeline_of(task)
        return [predict_one(task, pipeline, str(file), topk) for file in inputs]


def count_of(task: TaskModel, topk: int | None) -> int:
    """How many classes an input are asked for.

    Raises:
        ConfigError: Less than one.
    """
    if topk is None:
        return sys.maxsize if task.several else 5
    if topk < 1:
        raise ConfigError(f'topk={topk}: a whole number from 1 on.')
    return topk


def pipeline_of(task: TaskModel) -> Compose:
    """How a task's inputs are prepared; in its library's scope."""
    with config_errors(task.cfg):
        return Compose(test_pipeline(task.cfg))


def predict_one(
    task: TaskModel, pipeline: Compose, file: str, topk: int
) -> list[Prediction]:
    """The most probable classes of one file."""
    sample = read_sample(task.kind, pipeline, file)
    with torch.no_grad():
        result = task.model.test_step(pseudo_collate([sample]))[0]
    return ranked(task, result, topk)


def read_sample(kind: str, pipeline: Compose, file: str) -> dict[str, Any]:
    """What a test pipeline makes of a file.

    Raises:
        DataError: It can't be read.
    """
    try:
        sample = pipeline(as_sample(kind, file))
    except AdaptError:
        raise
    # Decoders fail in their own ways; all of them mean that this file can't be read.
    except Exception as error:
        raise DataError(
            f"{kind} '{file}' can't be read ({type(error).__name__}: "
            f'{str(error).splitlines()[0] if str(error) else "no reason given"}).'
        ) from error
    if sample is None:
        raise DataError(f"{kind} '{file}' can't be read.")
    check_content(file, kind)
    return sample  # type: ignore[no-any-return]


def ranked(task: TaskModel, result: Any, topk: int) -> list[Prediction]:
    """The most probable classes by what a model predicts."""
    scores = probabilities(task.model, result)
    best = scores.topk(min(topk, scores.numel()))
    return [
        Prediction(label, name_of(task.classes, label), score)
        for label, score in zip(
            best.indices.tolist(), best.values.tolist(), strict=True
        )
    ]


def as_sample(kind: str, file: str) -> dict[str, Any]:
    """What a test pipeline starts from."""
    if kind == 'image':
        return {'img_path': file}
    return {'filename': file, 'label': -1, 'start_index': 0, 'modality': 'RGB'}


def test_pipeline(cfg: Config) -> list[dict[str, Any]]:
    """The pipeline of the test set, inside whatever wraps it."""
    loader = cfg.get('test_dataloader') or cfg.get('val_dataloader') or {}
    for _, node in walk(loader.get('dataset')):
        if node.get('pipeline'):
            return list(node['pipeline'])
    raise ConfigError(
        f'{cfg.filename} has no test_dataloader with a dataset and a pipeline: how an '
        'input is prepared is not known.'
    )


def probabilities(model: nn.Module, result: Any) -> torch.Tensor:
    """Class probabilities ``(num_classes,)`` of one result.

    A recognizer with ``average_clips='score'`` gives logits.
    """
    head = getattr(model, 'cls_head', None)
    scores = result.pred_score.detach().float().cpu().flatten()
    if head is not None and head.average_clips != 'prob':
        return scores.softmax(0)
    return scores


def name_of(classes: Sequence[str], label: int) -> str:
    """The class's name, or its index as text."""
    return classes[label] if label < len(classes) else str(label)
