"""Optimizer steps in one kernel, where torch has it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.registry import OPTIMIZERS
from torch import Tensor
from torch.distributed.tensor import DTensor
from torch.optim import Optimizer

__all__ = ['build_optimizer', 'is_fused', 'own_choices']

CHOICES = ('fused', 'foreach', 'capturable', 'differentiable')
"""Options by which a config chooses the way of stepping itself."""

DEVICES = ('cpu', 'cuda')


def build_optimizer(
    config: Mapping[str, Any], groups: Sequence[dict[str, Any]]
) -> Optimizer:
    """Build an optimizer, fused where torch can: one kernel in place of many.

    A config that says ``fused``, ``foreach``, ``capturable`` or ``differentiable``
    itself is obeyed.

    Args:
        config: Of the optimizer.
        groups: Parameter groups.
    """
    given = {'params': list(groups)}
    parameters = [p for group in groups for p in group['params']]
    if takes_fused(config) and all(has_kernel(p) for p in parameters):
        try:
            found: Optimizer = OPTIMIZERS.build(
                {**config, 'fused': True}, default_args=given
            )
            return found
        except (RuntimeError, ValueError):
            # Not in this torch; what else is wrong with the config, the plain one says.
            pass
    plain: Optimizer = OPTIMIZERS.build(config, default_args=given)
    return plain


def has_kernel(parameter: Tensor) -> bool:
    """Whether a parameter is of a kind that fused kernels are for."""
    return (
        parameter.device.type in DEVICES
        and parameter.is_floating_point()
        and not isinstance(parameter, DTensor)
    )


def takes_fused(config: Mapping[str, Any]) -> bool:
    """Whether the class of an optimizer has the option, and the config leaves it.

    Not SGD, which may have momentum now or get it from a schedule: torch's kernel takes
    that of a first step from memory that nobody wrote where a loss scale leaves that
    step out, and wants all gradients of a group to come for the first time at once.
    """
    if any(name in config for name in CHOICES):
        return False
    kind = config.get('type')
    found: Any = OPTIMIZERS.get(kind) if isinstance(kind, str) else kind
    if not inspect.isclass(found) or issubclass(found, torch.optim.SGD):
        return False
    return 'fused' in inspect.signature(found).parameters


def is_fused(optimizer: Optimizer) -> bool:
    """Whether all parameters of an optimizer are stepped by fused kernels."""
    return all(group.get('fused') for group in optimizer.param_groups)


def own_choices(
    own: Sequence[Mapping[str, Any]], saved: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Saved groups that are stepped the way this run's own are.

    A file is resumed on another device, by more processes, or with another choice in
    the config, and torch would bring the file's choice back with the other options.

    Args:
        own: Groups of the optimizer as it was built.
        saved: Those of a state dict, as many.
    """
    return [
        {
            **{name: value for name, value in theirs.items() if name not in CHOICES},
            **{name: mine[name] for name in CHOICES if name in mine},
        }
        for mine, theirs in zip(own, saved, strict=True)
    ]
