"""Registers everything that extends MMPretrain."""

from . import necks
from .backbones import image as backbones
from .datasets import crops, published, svhn
from .datasets import image as datasets
from .hooks.show_image import ShowImageHook
from .hosts import image as hosts

__all__ = [
    'ShowImageHook',
    'backbones',
    'crops',
    'datasets',
    'hosts',
    'necks',
    'published',
    'svhn',
]
