"""A trunk and a task as one ordinary checkpoint, and the model that takes it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from torch import Tensor, nn

from ..errors import TaskFileError
from ..precision import stored
from .stamp import find_stamps

__all__ = ['merged_state', 'plain_model', 'with_float32_trunk']

_FACES = ('AdaptFormerViT', 'AdaptedBackbone')
_OPTIONS = (
    'adapter',
    'trainable',
    'norm_eval',
    'init_cfg',
    'frozen_dtype',
    'attention',
    'recompute',
    'fused_mlp',
    'compile_blocks',
    'class_row',
    'mean_row',
    'cpu_linear',
)


def plain_model(model: Mapping[str, Any]) -> dict[str, Any]:
    """The config of a model that needs no trunk file, and computes the same.

    Without adapters it is the library's own backbone. With adapters it is the same
    backbone, but all of it is trained: so every weight belongs to its checkpoint.

    Args:
        model: The config of a classifier or recognizer, resolved.
    """
    return {key: _plain(value) for key, value in deepcopy(dict(model)).items()}


def with_float32_trunk(node: Any) -> Any:
    """A part of a config whose trunks are as precise as their files.

    Args:
        node: The config of a model; it stays as it is.
    """
    if isinstance(node, (list, tuple)):
        return type(node)(with_float32_trunk(item) for item in node)
    if not isinstance(node, Mapping):
        return node
    return {
        key: with_float32_trunk(value)
        for key, value in node.items()
        if key != 'frozen_dtype'
    }


def merged_state(model: nn.Module, plain: nn.Module) -> dict[str, Tensor]:
    """All weights of a model whose task is loaded, for its plain form.

    Args:
        model: Trunk and task.
        plain: Built from :func:`plain_model`.

    Returns:
        A state dict of ``plain``.

    Raises:
        TaskFileError: The two aren't forms of one model, or the trunk is stored in
            bfloat16.
    """
    if stored(model):
        raise TaskFileError(
            f'{type(model).__name__} keeps its trunk in bfloat16, with which a merged '
            'file would be less precise than the trunk file. Build it without '
            'frozen_dtype.'
        )
    stamps = {
        name: tensor
        for name, tensor in plain.state_dict().items()
        if name in _stamp_names(plain)
    }
    weights = {
        name: tensor
        for name, tensor in model.state_dict().items()
        if name not in _stamp_names(model)
    }
    differing = plain.state_dict().keys() ^ {**weights, **stamps}.keys()
    if differing:
        raise TaskFileError(
            f'{type(model).__name__} and its plain form differ in: '
            f'{", ".join(sorted(differing)[:10])}. Merge with the config that the task '
            'was trained with.'
        )
    return {**weights, **stamps}


def _plain(node: Any) -> Any:
    """A part of a config with its adapted backbones replaced."""
    if isinstance(node, (list, tuple)):
        return type(node)(_plain(item) for item in node)
    if not isinstance(node, Mapping):
        return node
    scope, _, kind = str(node.get('type')).rpartition('.')
    if kind not in _FACES:
        return {key: _plain(value) for key, value in node.items()}
    if node.get('adapter') is not None:
        # That function is for blocks whose weights are frozen.
        kept = {key: value for key, value in node.items() if key != 'fused_mlp'}
        return {**kept, 'trainable': 'all', 'init_cfg': {'type': 'RandomTrunk'}}
    if kind == 'AdaptedBackbone':
        return dict(node['backbone'])
    kept = {key: value for key, value in node.items() if key not in _OPTIONS}
    own = 'VisionTransformer'
    return {**kept, 'type': f'{scope}.{own}' if scope else own}


def _stamp_names(model: nn.Module) -> set[str]:
    """Names of the stamps in a model's state dict."""
    lead = (f'{backbone}.' if backbone else '' for backbone in find_stamps(model))
    return {f'{start}task_stamp.stamp' for start in lead}
