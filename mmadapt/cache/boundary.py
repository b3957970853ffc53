"""Where the frozen prefix of a backbone ends, and how to go on from there.

Below the lowest block with anything to train, and in linear probing everywhere, an
activation is a function of the sample alone. It can be computed once and kept; a
training step then starts at that block.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ConfigError
from ..hosts import HOSTS, AdapterHost, PromptHost

__all__ = ['Boundary', 'find_boundary']


class _Reached(Exception):  # noqa: N818 - no error, a way out
    """Carries an activation out of a forward pass whose rest isn't wanted."""

    def __init__(self, activation: Any) -> None:
        super().__init__()
        self.activation = activation


@dataclass
class Boundary:
    """Where the prefix ends.

    Attributes:
        backbone: The backbone.
        prefix: Names of the frozen blocks in front, in forward order.
        block: Name of the block that is to read the kept activations; empty where
            nothing in the backbone trains, and its output is kept.
        behind: Whether that block gives them in place of reading them: it is the last
            one, and a norm behind it trains.
        in_tuple: Whether the backbone's output is a tuple of one.
        input_shape: Of the ordinary input that was read last; this and what follows
            is known after :meth:`capture`.
        input_dtype: Of the same.
        input_count: Images, clips or frames in the same.
        inputs: Shape of one activation -> shape and type of the input it was made of.
    """

    backbone: nn.Module
    prefix: tuple[str, ...]
    block: str
    behind: bool = False
    in_tuple: bool = False
    input_shape: tuple[int, ...] = ()
    input_dtype: torch.dtype = torch.float32
    input_count: int = 0
    inputs: dict[tuple[int, ...], tuple[tuple[int, ...], torch.dtype]] = field(
        default_factory=dict
    )

    def __str__(self) -> str:
        place = 'behind' if self.behind else 'in front of'
        return f'{place} {self.block}' if self.block else "the backbone's output"

    @torch.enable_grad()
    def capture(self, model: nn.Module, data: dict[str, Any]) -> Tensor:
        """Activations of a batch; nothing behind the boundary is computed.

        Args:
            model: What holds the backbone.
            data: Inputs and samples, as the data preprocessor returns them.

        Returns:
            Of shape ``(M, ...)`` for M images, clips or frames that the backbone reads.

        Raises:
            ConfigError: There is no single tensor at the boundary, or something in
                front of it trains.
        """
        kept = self.reach(model, data)
        if kept.requires_grad:
            raise ConfigError(
                f'{type(self.backbone).__name__}: something in front of what is kept, '
                f'{self}, trains, so that its activations change. Take it out of '
                '`trainable`.'
            )
        return kept

    def reach(self, model: nn.Module, data: dict[str, Any]) -> Tensor:
        """The same, whether something in front trains or not.

        Raises:
            ConfigError: There is no single tensor at the boundary.
        """
        module = self.backbone.get_submodule(self.block)
        hooks = [
            self.backbone.register_forward_pre_hook(self.read_input),
            module.register_forward_pre_hook(stop_in_front)
            if self.block and not self.behind
            else module.register_forward_hook(stop_behind),
        ]
        try:
            model(data['inputs'], data['data_samples'], mode='tensor')
        except _Reached as reached:
            activation = reached.activation
        finally:
            for hook in hooks:
                hook.remove()
        self.in_tuple = isinstance(activation, tuple | list)
        kept = single(activation, self)
        self.inputs[tuple(kept.shape[1:])] = (self.input_shape, self.input_dtype)
        return kept

    def read_input(self, backbone: nn.Module, args: tuple[Any, ...]) -> None:
        """Take note of what the backbone reads."""
        self.input_shape, self.input_dtype = tuple(args[0].shape[1:]), args[0].dtype
        self.input_count = len(args[0])


def stop_in_front(block: nn.Module, args: tuple[Any, ...]) -> None:
    """End the forward pass with what a block was about to read."""
    raise _Reached(args[0])


def stop_behind(module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
    """End the forward pass with what a module gave."""
    raise _Reached(output)


def single(activation: Any, boundary: Boundary) -> Tensor:
    """The one tensor of an activation.

    Raises:
        ConfigError: There are none or several.
    """
    while isinstance(activation, tuple | list) and len(activation) == 1:
        activation = activation[0]
    if isinstance(activation, Tensor):
        return activation
    raise ConfigError(
        f'{type(boundary.backbone).__name__}: {boundary} stands no single tensor but '
        f'{type(activation).__name__}; only a single one can be kept.'
    )


def find_boundary(backbone: nn.Module) -> Boundary:
    """Where the frozen prefix of an adapted backbone ends.

    Args:
        backbone: The backbone, adapted and frozen.

    Raises:
        ConfigError: The first block has something to train: there is nothing to keep.
    """
    names = [
        name
        for name, module in backbone.named_modules()
        if isinstance(module, AdapterHost | PromptHost) or type(module) in HOSTS
    ]
    trained = [name for name, p in backbone.named_parameters() if p.requires_grad]
    if not trained:
        return Boundary(backbone, tuple(names), '')
    inside = [name for name in names if any(t.startswith(f'{name}.') for t in trained)]
    if names and not inside:
        return Boundary(backbone, tuple(names[:-1]), names[-1], behind=True)
    if not inside or inside[0] == names[0]:
        raise ConfigError(
            f'{type(backbone).__name__}: {trained[0]} trains, and no frozen block '
            'stands in front of it whose activations could be kept. Put the adapters '
            'into the last blocks, adapter.layers=[-3,-2,-1] for instance, or train '
            'the head alone.'
        )
    return Boundary(backbone, tuple(names[: names.index(inside[0])]), inside[0])
