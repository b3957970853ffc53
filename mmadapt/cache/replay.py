"""A backbone that goes on from kept activations, and a way for them to reach it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ..errors import ConfigError, class_name
from ..hosts import promote
from .boundary import Boundary
from .refused import classes

__all__ = ['KEPT', 'Replaying', 'let_by', 'make_replaying']

KEPT = 'kept'
"""Key of a batch whose inputs are activations."""


class Replaying(nn.Module):
    """Mixin of a backbone that reads its inputs, or kept activations in their place.

    The two are told apart by their shape. Of the activations' blocks nothing is
    computed again; the stem runs on one sample of zeros, for the shapes that the
    blocks behind it are told.
    """

    if TYPE_CHECKING:
        boundary: Boundary

    def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Any:
        """Features of inputs, or of activations of one of the boundary's shapes."""
        given = self.boundary.inputs.get(tuple(x.shape[1:]))
        if given is None:
            return super().forward(x, *args, **kwargs)
        if not self.boundary.block:
            return (x,) if self.boundary.in_tuple else x
        shape, dtype = given
        # Not of the activations' type, which autocast may have made bfloat16.
        stem = torch.zeros((1, *shape), dtype=dtype, device=x.device)
        with passing(self, self.boundary, x):
            return super().forward(stem, *args, **kwargs)


@contextmanager
def passing(backbone: nn.Module, boundary: Boundary, kept: Tensor) -> Iterator[None]:
    """Let the prefix pass its input on, and the block behind it read ``kept``."""
    block = backbone.get_submodule(boundary.block)
    forward = block.forward
    with ExitStack() as stack:
        for name in boundary.prefix:
            stack.enter_context(overriding(backbone.get_submodule(name), pass_on))
        if boundary.behind:
            stack.enter_context(overriding(block, lambda x, *args, **kw: kept))
        else:
            stack.enter_context(
                overriding(block, lambda x, *args, **kw: forward(kept, *args, **kw))
            )
        yield


def pass_on(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """What a block does whose output is known."""
    return x


@contextmanager
def overriding(module: nn.Module, forward: Callable[..., Any]) -> Iterator[None]:
    """Another ``forward`` for a while."""
    module.__dict__['forward'] = forward
    try:
        yield
    finally:
        del module.__dict__['forward']


def make_replaying(boundary: Boundary) -> None:
    """Let a backbone read kept activations too, in place; twice is once.

    Args:
        boundary: Where they were taken.

    Raises:
        ConfigError: They have the shape of its inputs; the two can't be told apart.
    """
    kind = type(boundary.backbone)
    same = set(boundary.inputs) & {shape for shape, _ in boundary.inputs.values()}
    if same:
        raise ConfigError(
            f'{kind.__name__}: its inputs and its activations {boundary} have the same '
            f'shape, {same.pop()}: the two can not be told apart. Train without the '
            'cache.'
        )
    if not issubclass(kind, Replaying):
        promote(boundary.backbone, type(kind.__name__, (Replaying, kind), {}))
    boundary.backbone.boundary = boundary  # type: ignore[assignment]


class LettingBy(nn.Module):
    """Mixin of a data preprocessor: kept activations are moved, and nothing else."""

    if TYPE_CHECKING:  # what upstream's has; it carries no types

        def __getattr__(self, name: str) -> Any: ...

    def forward(self, data: Any, training: bool = False) -> Any:
        """The batch on the model's device; ordinary inputs as ever."""
        if isinstance(data, dict) and KEPT in data:
            inputs = data['inputs']
            if isinstance(inputs, list | tuple):
                inputs = torch.stack(list(inputs))
            batch = {'inputs': inputs, 'data_samples': data['data_samples']}
            return self.cast_data(batch)
        return super().forward(data, training)


def let_by(preprocessor: nn.Module) -> None:
    """Let a data preprocessor pass kept activations on, in place; twice is once.

    Raises:
        ConfigError: It mixes the inputs of a batch, of which nothing can be kept, or
            makes labels that would not be kept.
    """
    mixes = [
        name
        for name in ('batch_augments', 'blending')
        if getattr(preprocessor, name, None)
    ]
    if mixes:
        raise ConfigError(
            f'data_preprocessor.{mixes[0]} mixes the inputs of each batch anew: no '
            'activation can be kept. Take it out, or train without the cache.'
        )
    # MMPretrain's own writes them into the samples, which are kept behind it.
    writes = classes({'mmpretrain.models.utils': 'ClsDataPreprocessor'})
    if getattr(preprocessor, 'to_onehot', False) and not isinstance(
        preprocessor, writes
    ):
        raise ConfigError(
            f'data_preprocessor.to_onehot: whether {class_name(type(preprocessor))} '
            "writes its labels into the samples, as MMPretrain's ClsDataPreprocessor "
            'does, is not known, and they are kept from there. Set to_onehot=False, or '
            'train without the cache.'
        )
    kind = type(preprocessor)
    if issubclass(kind, LettingBy):
        return
    promote(preprocessor, type(kind.__name__, (LettingBy, kind), {}))
