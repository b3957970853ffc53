"""Parameters of which a process holds a part, and the modules they belong to."""

from __future__ import annotations

from torch import Tensor, nn
from torch.distributed.tensor import DTensor

try:
    from torch.distributed.fsdp import FSDPModule
except ImportError:  # torch 2.5, in which nothing is sharded, see mmadapt.sharding
    FSDPModule = None  # type: ignore[assignment, misc]

__all__ = ['class_of', 'in_parts', 'local']


def class_of(module: nn.Module) -> type[nn.Module]:
    """The class of a module; where fully_shard put its own above it, that below."""
    kind = type(module)
    if FSDPModule is not None and isinstance(module, FSDPModule):
        return kind.__mro__[2]  # (FSDPLinear, FSDPModule, Linear, ...)
    return kind


def in_parts(tensor: Tensor) -> bool:
    """Whether a process holds a part of a tensor: fully_shard's, or DeepSpeed's.

    Inside the forward pass of what fully_shard gathers at a time its parameters are
    whole ones. DeepSpeed's stay marked, and are whole inside their own module alone.
    """
    return isinstance(tensor, DTensor) or hasattr(tensor, 'ds_id')


def local(tensor: Tensor) -> Tensor:
    """This process's part of a tensor; itself where it isn't dealt out."""
    if isinstance(tensor, DTensor):
        return tensor.to_local()
    part: Tensor = getattr(tensor, 'ds_tensor', tensor)
    return part
