"""The frozen blocks below the lowest adapter, computed once for all tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from ..cache import Boundary, find_boundary
from ..cache.replay import passing
from ..errors import ConfigError

__all__ = ['Prefix']


class Prefix:
    """What a backbone computes before anything that was trained comes in.

    Args:
        backbone: Adapted, in evaluation.
        others: Those of other tasks, which go on from what it gives.
    """

    def __init__(self, backbone: nn.Module, others: Sequence[nn.Module] = ()) -> None:
        self.backbone, self.others = backbone, tuple(others)
        self.boundary: Boundary | None
        try:
            self.boundary = find_boundary(backbone)
        except ConfigError:  # the first block has something of the task's
            self.boundary = None
        self.exact: dict[tuple[int, ...], bool] = {}

    @torch.no_grad()
    def holds(self, x: Tensor) -> bool:
        """Whether the backbone can be cut there: found out once for each shape.

        Args:
            x: One row of what the backbone reads.
        """
        if self.boundary is None:
            return False
        shape = tuple(x.shape[1:])
        if shape not in self.exact:
            self.exact[shape] = self.is_exact(x)
        return self.exact[shape]

    def is_exact(self, x: Tensor) -> bool:
        """Whether every backbone gives the same by way of what is kept of a row.

        Of random numbers: zeros, which the stem is given then, would hide what passes
        by the boundary.
        """
        generator = torch.Generator().manual_seed(0)
        x = torch.randn(x.shape, generator=generator).to(x)
        models = (self.backbone, *self.others)
        try:
            kept = self.capture(x, checked=True)
            found = [self.go_on(model, kept) for model in models]
        except (MemoryError, torch.OutOfMemoryError):
            raise
        # Whatever a backbone stumbles over that is given what it doesn't expect: it
        # runs from the start then, as if nothing were known of it.
        except Exception:
            return False
        expected = [model(x) for model in models]
        pairs = zip(tree_leaves(found), tree_leaves(expected), strict=True)
        return all(torch.equal(one, other) for one, other in pairs)

    def capture(self, x: Tensor, checked: bool = False) -> Tensor:
        """What the blocks in front give, ``(M, ...)``.

        Args:
            x: What the backbone reads, ``(M, ...)``.
            checked: Whether a parameter that trains in front of it is an error. Later,
                ``requires_grad`` may be whatever somebody made of it.

        Raises:
            ConfigError: That isn't one tensor with a row for each of ``x``.
        """
        assert self.boundary is not None

        def model(inputs: Tensor, samples: None, mode: str) -> Any:
            return self.backbone(inputs)

        reach = self.boundary.capture if checked else self.boundary.reach
        kept = reach(model, {'inputs': x, 'data_samples': None})  # type: ignore[arg-type]
        if len(kept) != len(x):
            raise ConfigError(f'{len(kept)} rows are kept of {len(x)}.')
        return kept.detach()

    def go_on(self, backbone: nn.Module, kept: Tensor) -> Any:
        """The features of a backbone that goes on from there.

        Args:
            backbone: Ours, or another task's.
            kept: What :meth:`capture` returned, or rows of it.
        """
        boundary = self.boundary
        assert boundary is not None
        if not boundary.block:
            return (kept,) if boundary.in_tuple else kept
        shape, dtype = boundary.inputs[tuple(kept.shape[1:])]
        stem = torch.zeros((1, *shape), dtype=dtype, device=kept.device)
        with passing(backbone, boundary, kept):
            return backbone(stem)
