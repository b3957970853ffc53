"""mmadapt: AdaptFormer as a plug-in for MMPretrain and MMAction2."""

from . import datasets, optim
from .adapt import adapt, freeze
from .config import resolve_config
from .hosts import register_host
from .registry import ADAPTERS
from .report import parameter_report

__version__ = '0.1.0'

__all__ = [
    'ADAPTERS',
    '__version__',
    'adapt',
    'datasets',
    'freeze',
    'optim',
    'parameter_report',
    'register_host',
    'resolve_config',
]
