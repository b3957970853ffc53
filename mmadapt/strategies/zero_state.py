"""States of an optimizer that DeepSpeed's ZeRO-3 keeps in parts, whole and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmengine.dist import get_rank, get_world_size
from torch import Tensor

from ..errors import TaskFileError
from ..optim.fused import own_choices
from ..optim.zero import ZeroOptimWrapper

__all__ = ['load_states', 'states']


def states(wrapper: ZeroOptimWrapper) -> dict[str, Any]:
    """The state dict that the optimizer would have in one process.

    All processes have to call it.
    """
    from deepspeed.utils import safe_get_full_optimizer_state

    state: dict[int, dict[str, Any]] = {}
    for place, parameter in enumerate(wrapper.parameters()):
        flat = flat_of(wrapper, parameter)
        entry: dict[str, Any] = {}
        for name, value in wrapper.inner.state.get(flat, {}).items():
            if is_moment(value, flat):
                whole = safe_get_full_optimizer_state(parameter, name)
                value = whole.reshape(parameter.ds_shape)
            entry[name] = value.detach().cpu().clone() if tensor(value) else value
        if entry:
            state[place] = entry
    groups, begin = [], 0
    for own, parameters in zip(wrapper.inner.param_groups, wrapper.groups, strict=True):
        options = {name: value for name, value in own.items() if name != 'params'}
        places = list(range(begin, begin + len(parameters)))
        groups.append({**options, 'params': places})
        begin += len(parameters)
    return {'state': state, 'param_groups': groups}


def load_states(wrapper: ZeroOptimWrapper, saved: Mapping[str, Any]) -> None:
    """Deal the state of an optimizer over whole tensors out to the parts.

    Args:
        wrapper: Its optimizer is partitioned.
        saved: What :func:`states` gives, the same in all processes.

    Raises:
        TaskFileError: Parameters that were updated a different number of times, which
            the parts have one counter for.
    """
    from deepspeed.utils import safe_set_local_optimizer_state

    inner = wrapper.inner
    for place, parameter in enumerate(wrapper.parameters()):
        flat, entry = flat_of(wrapper, parameter), saved['state'].get(place, {})
        for name, value in entry.items():
            if tensor(value) and value.shape == parameter.ds_shape and value.ndim:
                inner.state[flat].setdefault(name, torch.zeros_like(flat))
                safe_set_local_optimizer_state(parameter, part(value, parameter), name)
                continue
            known = inner.state[flat].setdefault(name, value)
            if tensor(value) and not torch.equal(known, value):
                raise TaskFileError(
                    f'optimizer.state.{place}.{name} is {value}, another parameter of '
                    f'its group has {known}: DeepSpeed steps them together. Resume '
                    "with strategy=dict(type='ShardedStrategy'), or start anew."
                )
    groups = own_choices(inner.param_groups, saved['param_groups'])
    for own, given in zip(inner.param_groups, groups, strict=True):
        own.update({name: v for name, v in given.items() if name != 'params'})


def flat_of(wrapper: ZeroOptimWrapper, parameter: Any) -> Tensor:
    """The row of parts, of this process, that a parameter's own is in."""
    zero = wrapper.optimizer
    group, *_ = zero.grad_position[zero.get_param_id(parameter)]
    flat: Tensor = zero.fp32_partitioned_groups_flat[group]
    return flat


def part(whole: Tensor, parameter: Any) -> Tensor:
    """This process's part of a tensor, the last one filled up with zeros."""
    size = parameter.ds_tensor.numel()
    padded = torch.zeros(size * get_world_size(), dtype=torch.float32)
    padded[: whole.numel()] = whole.detach().cpu().flatten()
    begin = size * get_rank()
    return padded[begin : begin + size].to(parameter.ds_tensor.device)


def is_moment(value: object, flat: Tensor) -> bool:
    """Whether a state has a number for each of a parameter."""
    return tensor(value) and value.shape == flat.shape  # type: ignore[attr-defined]


def tensor(value: object) -> bool:
    """Whether it is one."""
    return isinstance(value, Tensor)
