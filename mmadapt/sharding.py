"""Models whose parameters are dealt out over processes, by torch's fully_shard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.utils._pytree import tree_map

from .adapters import Method
from .errors import ConfigError
from .hosts import HOSTS, AdapterHost, PromptHost
from .parts import in_parts
from .precision import stored

__all__ = ['dealt', 'full', 'is_sharded', 'like', 'shard', 'units']


def units(model: nn.Module) -> list[nn.Module]:
    """What is gathered at a time: each block, and in it each adapter, inner ones first.

    An adapter is a unit of its own, so that its block has nothing that needs a
    gradient, and none is made for it.

    Args:
        model: With adapted backbones.

    Raises:
        ConfigError: It has no block that is known.
    """
    found = [
        module
        for module in model.modules()
        if isinstance(module, AdapterHost | PromptHost | Method)
        or type(module) in HOSTS
    ]
    if not found:
        raise ConfigError(
            f'{type(model).__name__} has no block with a host: there is nothing to '
            'shard by. Adapt it, or register its block (docs/add_a_transformer.md).'
        )
    return found[::-1]


def shard(model: nn.Module, device: str, world: int) -> nn.Module:
    """Deal a model's parameters out over all processes, in place.

    A process keeps 1/N of every parameter. In front of a block its parameters are
    gathered, behind it dropped again, in the backward pass too: `ZeRO, stage 3
    <https://arxiv.org/abs/1910.02054>`_, by ``torch.distributed.fsdp.fully_shard``.
    Names and classes stay, and frozen and trained parameters, float32 and bfloat16,
    may stand in one block.

    Args:
        model: With adapted backbones, on the CPU.
        device: Kind of the processes' devices.
        world: Number of processes.

    Returns:
        The model, its own part on the device.

    Raises:
        ConfigError: This torch is too old, for sharding or for bfloat16 beside float32;
            or no block is known.
    """
    try:
        from torch.distributed.fsdp import fully_shard
    except ImportError as error:
        raise ConfigError(
            f'torch {torch.__version__} has no torch.distributed.fsdp.fully_shard: '
            'sharding needs torch 2.6 or later.'
        ) from error
    mesh = init_device_mesh(device, (world,))
    if stored(model):
        check_two_types(device, mesh)
    for module in (*units(model), model):
        # The root too: outside a step nothing stays gathered, so that what is hashed
        # and saved is always the part of this process.
        fully_shard(module, mesh=mesh, reshard_after_forward=True)
    return model


class TwoTypes(nn.Module):
    """The least that is frozen in bfloat16 and trained in float32."""

    def __init__(self) -> None:
        super().__init__()
        frozen = torch.ones(1, dtype=torch.bfloat16)
        self.frozen = nn.Parameter(frozen, requires_grad=False)
        self.trained = nn.Parameter(torch.ones(1))

    def forward(self) -> Tensor:
        """A number of both."""
        return (self.frozen * self.trained).sum()


def check_two_types(device: str, mesh: DeviceMesh) -> None:
    """Refuse frozen weights in bfloat16 where this torch wants one type in a block.

    It would say so in the first step, when the trunk has been built and dealt out. All
    processes have to ask.

    Raises:
        ConfigError: With the ways round.
    """
    from torch.distributed.fsdp import fully_shard

    probe = TwoTypes().to(device)
    fully_shard(probe, mesh=mesh)
    try:
        probe()
    except AssertionError as error:
        raise ConfigError(
            f"frozen_dtype='bfloat16': torch {torch.__version__} shards blocks of one "
            f'type alone ({error}). Leave frozen_dtype out, or take a later torch (its '
            'pull request 154103 lets frozen weights have a type of their own).'
        ) from error


def is_sharded(model: nn.Module) -> bool:
    """Whether a model's parameters are dealt out over processes."""
    return any(in_parts(parameter) for parameter in model.parameters())


def full(values: Any) -> Any:
    """Values whose dealt-out tensors are gathered, on the CPU.

    All processes have to call it with values of the same names, in the same order.

    Args:
        values: Tensors in dicts and lists, at any depth.
    """

    def gather(value: Any) -> Any:
        if isinstance(value, DTensor):
            return value.full_tensor().detach().cpu()
        return value.detach().cpu() if isinstance(value, Tensor) else value

    return tree_map(gather, values)


def like(own: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Whole tensors dealt out as a model's own of the same name and shape are.

    Args:
        own: Of the model.
        given: Whole, the same in all processes.
    """

    def deal(name: str, value: Any) -> Any:
        mine = own.get(name)
        if not isinstance(mine, DTensor) or not isinstance(value, Tensor):
            return value
        return dealt(value, mine) if value.shape == mine.shape else value

    return {name: deal(name, value) for name, value in given.items()}


def dealt(given: Tensor, own: Tensor) -> Tensor:
    """A whole tensor of a model's own shape, as its own: type, device and parts.

    Args:
        given: Whole, the same in all processes.
        own: Of the model.
    """
    given = given.to(device=own.device, dtype=own.dtype)
    if not isinstance(own, DTensor):
        return given
    return distribute_tensor(given, own.device_mesh, own.placements)
