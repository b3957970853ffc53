"""A frozen trunk that rows of several tasks share.

What stands below the lowest adapter is computed once for each input. Above, each row
meets what was trained for its own task: task by task, or stacked in one pass, where
every product with a frozen weight is one of the whole batch. There torch maps the
backbone over the rows (:func:`torch.vmap`), whatever blocks and adapters it has.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils._pytree import tree_leaves, tree_map

from ..precision import stored
from .mixed import mixed
from .prefix import Prefix

__all__ = ['RoutedBackbone', 'in_order', 'tensors_of']

RunModel = Callable[[nn.Module, Tensor], Any]
"""Gives a backbone some rows."""

SLOW = 'There is a performance drop'
"""How torch's warning begins of a kernel that takes one row after the other, which
attention's on a CPU does; what is left of the pass is of the whole batch."""


def tensors_of(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers by name, each once."""
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


class RoutedBackbone:
    """Backbones of one build that differ in what was trained.

    They run as replicas, which have the tensors in common with the originals, so that
    these can be used meanwhile; calls from several threads wait for one another.

    Args:
        backbones: One a task, in evaluation. Their frozen parameters are the same
            tensors; there is one at least.
        one_pass: Whether rows of several tasks are mapped over, where they can be, or
            run task by task. None maps but on a CPU, which small batches fill as well.
    """

    def __init__(
        self, backbones: Sequence[nn.Module], one_pass: bool | None = None
    ) -> None:
        self.backbones = tuple(map(replica, backbones))
        self.one_pass = one_pass
        self.states = [tensors_of(backbone) for backbone in self.backbones]
        first = self.states[0]
        self.own = [
            name
            for name in first
            if any(differs(first[name], state[name]) for state in self.states)
        ]
        # Compiled code knows nothing of rows that are mapped over.
        self.compiled = any(
            getattr(module, 'block_code', None) for module in backbones[0].modules()
        )
        # Asked now: what is frozen may be told otherwise by `requires_grad_` later.
        self.half = bool(stored(self.backbones[0]))
        self.known: dict[tuple[Any, ...], bool] = {}
        self.stacked: dict[str, Tensor] = {}
        self.versions: list[tuple[int, int]] = []
        self.held: list[Tensor] = []
        buffers = dict(backbones[0].named_buffers())
        cuts = not buffers.keys() & set(self.own)
        self.prefix = Prefix(self.backbones[0], self.backbones[1:]) if cuts else None
        self.lock = Lock()

    @torch.no_grad()
    def __call__(self, x: Tensor, rows: Sequence[int], tasks: Sequence[int]) -> Any:
        """Features, as the backbone returns them, a row for each of ``rows``.

        Args:
            x: What the backbone reads, ``(M, ...)``, each once.
            rows: Which of them; the same one for several tasks, for instance.
            tasks: The task of each of ``rows``, an index of the backbones.
        """
        rows = list(rows)
        with self.lock:
            if not self.own:
                features = self.backbones[0](x)
                return tree_map(lambda part: part[rows], features)
            # Where no row is for two tasks a cut saves nothing, and finding out
            # whether there can be one costs a pass for each task.
            pays = len(set(zip(rows, tasks))) > len(set(rows))
            if not pays or self.prefix is None or not self.prefix.holds(x[:1]):
                return self.routed(lambda model, row: model(row), x[rows], tasks)
            kept = self.prefix.capture(x)
            return self.routed(self.prefix.go_on, kept[rows], tasks)

    def routed(self, run: RunModel, x: Tensor, tasks: Sequence[int]) -> Any:
        """``run(backbone, x)``, each row with the backbone of its task."""
        if len(set(tasks)) > 1 and self.maps(run, x, tasks):
            return self.mapped(run, x, tasks)
        return self.apart(run, x, tasks)

    def apart(self, run: RunModel, x: Tensor, tasks: Sequence[int]) -> Any:
        """The same, one task after the other."""
        parts: list[Any] = []
        order: list[int] = []
        for task in dict.fromkeys(tasks):
            mine = [row for row, each in enumerate(tasks) if each == task]
            parts.append(run(self.backbones[task], x[mine]))
            order.extend(mine)
        return in_order(parts, order, x.device)

    def maps(self, run: RunModel, x: Tensor, tasks: Sequence[int]) -> bool:
        """Whether rows can be mapped over: found out once a shape and precision.

        Not all that a backbone may consist of can be, least of all under autocast.
        """
        device = x.device.type
        wanted = device != 'cpu' if self.one_pass is None else self.one_pass
        if self.compiled or not wanted:
            return False
        cast = torch.is_autocast_enabled(device) and torch.get_autocast_dtype(device)
        key = (tuple(x.shape[1:]), x.dtype, cast)
        if key not in self.known:
            two = list(dict.fromkeys(tasks))[:2]
            row = x[[0, 0]]
            half = bool(cast) or self.half
            try:
                found = self.mapped(run, row, two)
            except (MemoryError, torch.OutOfMemoryError):
                raise
            except Exception:  # whatever kernel there is no rule for
                self.known[key] = False
            else:
                expected = self.apart(run, row, two)
                self.known[key] = near(found, expected, 0.02 if half else 1e-4)
        return self.known[key]

    def mapped(self, run: RunModel, x: Tensor, tasks: Sequence[int]) -> Any:
        """The same in one pass."""
        model = Run(self.backbones[0], run)
        index = torch.tensor(tasks, device=x.device)
        own = {name: stack[index] for name, stack in self.stacks().items()}
        common = {n: t for n, t in self.states[0].items() if n not in own}

        def one(own: dict[str, Tensor], row: Tensor) -> Any:
            state = {f'model.{n}': t for n, t in {**common, **own}.items()}
            return functional_call(model, state, (row[None],))

        device = x.device.type
        with warnings.catch_warnings(), mixed(model, device, self.half) as close:
            warnings.filterwarnings('ignore', SLOW)
            found = torch.vmap(one)(own, x)
        return tree_map(lambda part: close(part.flatten(0, 1)), found)

    def stacks(self) -> dict[str, Tensor]:
        """What differs, a row for each task; made anew where somebody has written."""
        tensors = [state[name] for state in self.states for name in self.own]
        versions = [(tensor._version, tensor.data_ptr()) for tensor in tensors]
        if self.versions != versions:
            # Held on to, lest what replaces one of them comes to lie in its place.
            self.held = [tensor.detach() for tensor in tensors]
            self.stacked = {
                name: torch.stack([state[name].detach() for state in self.states])
                for name in self.own
            }
            self.versions = versions
        return self.stacked


def in_order(parts: Sequence[Any], order: Sequence[int], device: torch.device) -> Any:
    """Outputs of some rows each, as one: row ``order[i]`` is the i-th of them all."""
    back = torch.tensor(order, device=device).argsort()
    return tree_map(lambda *found: torch.cat(found)[back], *parts)


def replica(module: nn.Module) -> nn.Module:
    """A copy of a module with the same parameters and buffers."""
    tensors = tensors_of(module).values()
    return copy.deepcopy(module, {id(tensor): tensor for tensor in tensors})


class Run(nn.Module):
    """A model and the way to run it."""

    def __init__(self, model: nn.Module, run: Callable[..., Any]) -> None:
        super().__init__()
        self.model, self.run = model, run

    def forward(self, x: Tensor) -> Any:
        """What the model gives for ``x``."""
        return self.run(self.model, x)


def near(found: Any, expected: Any, most: float) -> bool:
    """Whether two outputs differ by so much of their norm at most."""
    pairs = zip(tree_leaves(found), tree_leaves(expected), strict=True)
    return all(
        one.dtype == other.dtype
        and bool((one - other).float().norm() <= most * other.float().norm())
        for one, other in pairs
    )


def differs(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are other ones, a trained parameter in any case."""
    if one is other or one.data_ptr() == other.data_ptr() != 0:
        return False
    return one.requires_grad or not torch.equal(one, other)
