"""Mixed precision in bfloat16, on whatever device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.device import get_device
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS
from torch import nn

__all__ = ['BFloat16OptimWrapper']


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Forward passes in bfloat16; trained parameters and steps stay float32.

    bfloat16 has the range of float32, so that no loss scale is needed, and none of the
    waiting for the device at each step that MMEngine's ``AmpOptimWrapper`` has.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast, beside what the plain wrapper does for gradient accumulation."""
        with (
            super().optim_context(model),
            torch.autocast(self.device(), dtype=torch.bfloat16),
        ):
            yield

    @staticmethod
    def device() -> str:
        """Kind of the device that autocast is for."""
        return get_device().split(':')[0]
