"""Mixed precision on a CPU."""

from __future__ import annotations

from mmengine.registry import OPTIM_WRAPPERS

from .bfloat16 import BFloat16OptimWrapper

__all__ = ['CpuAmpOptimWrapper']


@OPTIM_WRAPPERS.register_module()
class CpuAmpOptimWrapper(BFloat16OptimWrapper):
    """The same on a CPU, which MMEngine's ``AmpOptimWrapper`` refuses."""

    @staticmethod
    def device() -> str:
        """A CPU, whatever else the machine has."""
        return 'cpu'
