"""Which tensors of a model are its trunk, and which may keep their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..adapters import Method
from .layouts import detect

__all__ = ['Parts', 'split']

_STAMP = 'task_stamp'  # our own child of a backbone; never a weight


@dataclass(frozen=True)
class Parts:
    """The parameters and saved buffers of a model, sorted.

    Attributes:
        backbone: The model's backbone, or the model itself.
        prefix: Where the backbone is in the model: ``'backbone.'`` or empty.
        tensors: All of them, by name in the model.
        required: Parameters of the trunk, and statistics of its BatchNorms.
        fresh: Those that may be absent because they are trained.
        adapters: Parameters and buffers of adapters.
        buffers: Other buffers of the trunk: tables that it computes for itself.
        outside: What belongs to neck and head.
    """

    backbone: nn.Module
    prefix: str
    tensors: dict[str, Tensor] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    adapters: list[str] = field(default_factory=list)
    buffers: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)


def split(model: nn.Module, fresh: Sequence[str] | str = ()) -> Parts:
    """Sort the tensors of a model.

    Args:
        model: A backbone, or a model with a ``backbone``.
        fresh: See :func:`mmadapt.weights.load_weights`.
    """
    inner = getattr(model, 'backbone', None)
    if isinstance(inner, nn.Module):
        parts = Parts(inner, 'backbone.')
    else:
        parts = Parts(model, '')

    tensors = dict(model.named_parameters())
    saved = model.state_dict(keep_vars=True)
    parts.tensors.update(
        (name, tensor)
        for name, tensor in saved.items()
        if not name.startswith(f'{parts.prefix}{_STAMP}.')
        and isinstance(tensor, Tensor)
    )
    adapters = _names_of(model, Method)
    norms = _names_of(model, _BatchNorm)
    trained = _fresh_prefixes(parts, fresh)
    for name in parts.tensors:
        statistics = _under(name, norms) and not name.endswith('.num_batches_tracked')
        if not name.startswith(parts.prefix):
            parts.outside.append(name)
        elif _under(name, adapters):
            parts.adapters.append(name)
        elif name not in tensors and not statistics:
            parts.buffers.append(name)
        elif _under(name, trained):
            parts.fresh.append(name)
        else:
            parts.required.append(name)
    return parts


def _fresh_prefixes(parts: Parts, fresh: Sequence[str] | str) -> list[str]:
    """Prefixes in the model; for ``'all'`` the norm after pooling, see load_weights."""
    if fresh != 'all':
        return [f'{parts.prefix}{prefix}' for prefix in fresh]
    length = len(parts.prefix)
    found = detect(dict.fromkeys(name[length:] for name in parts.tensors))
    return [] if found is None else [f'{parts.prefix}{found[0].own("fc_norm")}']


def _names_of(model: nn.Module, kind: type[nn.Module]) -> list[str]:
    return [name for name, m in model.named_modules() if isinstance(m, kind)]


def _under(name: str, prefixes: Sequence[str]) -> bool:
    return any(name == prefix or name.startswith(f'{prefix}.') for prefix in prefixes)
