"""Registers everything that extends MMPretrain."""

from . import metrics, necks
from .backbones import image as backbones
from .datasets import crops, multilabel, published, svhn
from .datasets import image as datasets
from .hooks.show_image import ShowImageHook
from .hosts import image as hosts

__all__ = [
    'ShowImageHook',
    'backbones',
    'crops',
    'datasets',
    'hosts',
    'metrics',
    'multilabel',
    'necks',
    'published',
    'svhn',
]
