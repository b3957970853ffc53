"""Versions of what reads, decodes and computes, and how it computes."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

import cv2
import torch

from ..version import __version__

__all__ = ['float32_precision', 'versions']

PACKAGES = (
    'torch',
    'torchvision',
    'numpy',
    'pillow',
    'mmengine',
    'mmcv',
    'mmcv-lite',
    'mmpretrain',
    'mmaction2',
    'av',
    'decord',
    'timm',
    'transformers',
)


def versions() -> dict[str, str]:
    """Of each package that has a hand in activations, and is there."""
    found = {'mmadapt': __version__, 'cv2': cv2.__version__}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def float32_precision() -> str:
    """How exactly matrices of float32 are multiplied."""
    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:  # it was set for single backends, of which it knows nothing
        return f'cuda {torch.backends.cuda.matmul.fp32_precision}'
