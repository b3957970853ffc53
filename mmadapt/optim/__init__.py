"""Optimizer wrappers, constructors and schedules."""

from .cpu_amp import CpuAmpOptimWrapper

__all__ = ['CpuAmpOptimWrapper']
