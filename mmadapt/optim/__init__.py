"""Optimizer wrappers, constructors and schedules."""

from .constructor import TrainableOptimWrapperConstructor
from .cpu_amp import CpuAmpOptimWrapper
from .schedule import WarmupCosineLR

__all__ = ['CpuAmpOptimWrapper', 'TrainableOptimWrapperConstructor', 'WarmupCosineLR']
