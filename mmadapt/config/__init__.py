"""Configs between the file and the runner: options merged, open values filled."""

from .load import load_config
from .options import merge_options
from .resolve import resolve_config

__all__ = ['load_config', 'merge_options', 'resolve_config']
