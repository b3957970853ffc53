"""A config's model with one method, and a batch of the shape that it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from compare.methods import find_method, write_config
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from torch import nn

from mmadapt.apis.inputs import kind_of
from mmadapt.config import load_config, merge_options, resolve_config

OWN = 'config'
"""The config's own adapter, as a method's name."""


@dataclass(frozen=True)
class Shape:
    """What one sample is.

    Attributes:
        size: Height and width in pixels.
        frames: Frames of a clip; of no meaning for images.
    """

    size: int
    frames: int


@dataclass(frozen=True)
class Batch:
    """What a model's ``forward`` takes.

    Attributes:
        inputs: Images (B, 3, H, W), clips (B, 1, 3, T, H, W), or frames for a model
            of frames, (B, T, 3, H, W).
        samples: The labels, each in its library's structure.
    """

    inputs: torch.Tensor
    samples: Sequence[Any]


def config_of(
    config: Path,
    method: str,
    options: Mapping[str, Any] | None,
    num_classes: int | None = None,
) -> Config:
    """The config with another method and a trunk of random weights, resolved.

    Args:
        config: Its file.
        method: A name of ``compare_methods.py``, or ``'config'`` for the config's own.
        options: Of ``--cfg-options``.
        num_classes: Where neither the config nor data at hand tell.

    Raises:
        ConfigError: The config has no adapter, no classes, or the method is unknown.
        WeightsError: The trunk of the options is missing or broken.
    """
    with TemporaryDirectory() as folder:
        if method != OWN:
            changed = Path(folder) / 'changed.py'
            write_config(config, find_method(method), changed)
            config = changed
        cfg = load_config(config)
    merge_options(cfg, options)
    if cfg.model.backbone.get('trainable') == 'all':
        cfg.model.backbone.pop('frozen_dtype', None)  # of options: nothing is frozen
    trunk = cfg.get('trunk')
    typed = 'trunk' in (options or {})
    if not (trunk and (typed or Path(trunk).is_file())):  # else it tells the sizes
        cfg.model.backbone.init_cfg = {'type': 'RandomTrunk'}
    resolved = resolve_config(cfg, 'predict', num_classes)
    resolved.model.backbone.init_cfg = {'type': 'RandomTrunk'}
    return resolved


def build(cfg: Config) -> nn.Module:
    """The model, in training mode."""
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model: nn.Module = MODELS.build(cfg.model)
    return model.train()


def shape_of(cfg: Config, model: nn.Module) -> Shape:
    """What the backbone says that it reads, else 224 pixels and 16 frames.

    Args:
        cfg: Of the model.
        model: Built from it: a model of timm or transformers says it by itself.

    Raises:
        ConfigError: The config is of another library.
    """
    backbone = cfg.model.backbone
    outer = {**said(model), **backbone.get('backbone', {}), **backbone}
    clips = kind_of(cfg) == 'video'
    size = outer.get('img_size', outer.get('input_resolution', 224))
    return Shape(
        size=size if isinstance(size, int) else max(size),
        frames=outer.get('num_frames', outer.get('t_size', 16)) if clips else 0,
    )


def said(model: Any) -> dict[str, Any]:
    """What a backbone of timm or transformers says of its inputs."""
    own = getattr(model.backbone, 'timm_model', model.backbone)
    inputs = (getattr(own, 'pretrained_cfg', None) or {}).get('input_size')
    if inputs is not None:
        return {'img_size': inputs[-1]}
    config = getattr(own, 'config', None)
    names = {'img_size': 'image_size', 'num_frames': 'num_frames'}
    return {ours: getattr(config, n) for ours, n in names.items() if hasattr(config, n)}


def make_batch(model: nn.Module, shape: Shape, size: int) -> Batch:
    """Random inputs, normalised already, and labels.

    Args:
        model: The config's.
        shape: Of a sample.
        size: Samples.
    """
    pixels = (3, shape.size, shape.size)
    device = next(model.parameters()).device
    if not shape.frames:
        inputs = torch.randn(size, *pixels, device=device)
        samples = [sample.to(device) for sample in image_samples(model, size)]
        return Batch(inputs, samples)
    from mmaction.models import Recognizer2D
    from mmaction.structures import ActionDataSample

    clips = (3, shape.frames, shape.size, shape.size)
    frames = isinstance(model, Recognizer2D)
    layout = (shape.frames, *pixels) if frames else (1, *clips)
    inputs = torch.randn(size, *layout, device=device)
    sample = ActionDataSample().set_gt_label(0).to(device)
    return Batch(inputs, [sample.clone() for _ in range(size)])


def image_samples(model: nn.Module, size: int) -> list[Any]:
    """Labels of class 0, as the head wants them."""
    from mmpretrain.models import MultiLabelClsHead
    from mmpretrain.structures import DataSample

    if not isinstance(model.head, MultiLabelClsHead):
        return [DataSample().set_gt_label(0) for _ in range(size)]
    scores = torch.zeros(model.head.fc.out_features)
    scores[0] = 1
    return [DataSample().set_gt_score(scores) for _ in range(size)]


def loss_of(model: nn.Module, batch: Batch) -> torch.Tensor:
    """The training loss, a number."""
    losses = model(batch.inputs, batch.samples, mode='loss')
    return sum(value for name, value in losses.items() if 'loss' in name)  # type: ignore[return-value]
