"""Whether the loss and the gradients of an update are finite."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.optim import OptimWrapper
from torch import Tensor
from torch.distributed.tensor import DTensor
from torch.nn.utils import clip_grad_value_

from ..parts import local

__all__ = ['FiniteSteps', 'agreed', 'scale_leaves_out']


class FiniteSteps:
    """Looks at the losses that go into an update, and at its gradients.

    A loss can be infinite with finite gradients, where what is infinite depends on
    nothing that trains, and clipping by value makes a number of any gradient.

    Args:
        wrapper: The optimizer's, of which two methods are watched until
            :meth:`release`.
    """

    def __init__(self, wrapper: OptimWrapper) -> None:
        self.wrapper = wrapper
        self.losses: list[Tensor] = []
        self.clipped: list[Tensor] = []
        self._backward, self._clip = wrapper.backward, wrapper._clip_grad
        wrapper.backward = self._watched_backward
        wrapper._clip_grad = self._watched_clip

    def release(self) -> None:
        """Let the wrapper's own methods stand again."""
        del self.wrapper.backward, self.wrapper._clip_grad

    def waits(self) -> bool:
        """Whether there are gradients that wait for those of more batches."""
        return not self.wrapper.should_update()

    def finite(self, left_out: Tensor | None = None) -> Tensor:
        """Whether all was finite since the last call, as a bool tensor ``()``.

        Args:
            left_out: Whether the loss scale leaves this step out: gradients may be
                anything then, losses not.
        """
        finite = finite_gradients(self.wrapper.optimizer)
        for seen in self.clipped:
            finite = finite & seen.to(finite.device)
        if left_out is not None:
            finite = finite | left_out.to(finite.device)
        return self.finite_losses(finite)

    def finite_losses(self, finite: Tensor) -> Tensor:
        """Whether ``finite``, and so all losses since the last call, and forget them.

        Args:
            finite: A bool tensor ``()``, as what is returned.
        """
        for seen in self.losses:
            finite = finite & seen.to(finite.device)
        self.losses.clear()
        self.clipped.clear()
        return finite

    def _watched_backward(self, loss: Tensor, **kwargs: Any) -> None:
        self.losses.append(torch.isfinite(loss.detach()).all())
        self._backward(loss, **kwargs)

    def _watched_clip(self) -> None:
        # Clipping by norm leaves NaN behind where a gradient isn't finite.
        if self.wrapper.clip_func is clip_grad_value_:
            self.clipped.append(finite_gradients(self.wrapper.optimizer))
        self._clip()


def agreed(finite: Tensor) -> Tensor:
    """Whether it is finite in all processes, each of which has to ask."""
    least = finite.to(torch.uint8)
    all_reduce(least, op='min')
    return least.bool()


def scale_leaves_out(optimizer: torch.optim.Optimizer) -> Tensor | None:
    """Whether the loss scale tells a fused optimizer to leave this step out.

    A bool tensor ``()``; None without a scale, and for other optimizers, which are not
    called at all then.
    """
    found = getattr(optimizer, 'found_inf', None)  # a plain 0 where nothing had one
    return None if found is None else torch.as_tensor(found).bool().all()


def finite_gradients(optimizer: torch.optim.Optimizer) -> Tensor:
    """Whether all gradients of an optimizer are finite, as a bool tensor ``()``."""
    gradients = [
        parameter.grad
        for group in optimizer.param_groups
        for parameter in group['params']
        if parameter.grad is not None
    ]
    if not gradients:
        return torch.tensor(True)
    # Of a tensor with fewer rows than there are processes, some hold nothing.
    parts = [part for part in map(local, gradients) if part.numel()]
    finite = torch.ones((), dtype=torch.bool, device=local(gradients[0]).device)
    if parts:
        norms = torch._foreach_norm(parts, float('inf'))
        largest = torch.stack([n.float().to(finite.device) for n in norms])
        finite = torch.isfinite(largest).all()
    if any(isinstance(g, DTensor) for g in gradients):  # each has seen its own part
        finite = agreed(finite)
    return finite
