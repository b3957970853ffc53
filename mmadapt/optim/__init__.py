"""Optimizer wrappers, constructors and schedules."""

from .bfloat16 import BFloat16OptimWrapper
from .constructor import TrainableOptimWrapperConstructor
from .cpu_amp import CpuAmpOptimWrapper
from .schedule import WarmupCosineLR
from .zero import ZeroOptimWrapper

__all__ = [
    'BFloat16OptimWrapper',
    'CpuAmpOptimWrapper',
    'TrainableOptimWrapperConstructor',
    'WarmupCosineLR',
    'ZeroOptimWrapper',
]
