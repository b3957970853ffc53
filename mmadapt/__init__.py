"""mmadapt: AdaptFormer as a plug-in for MMPretrain and MMAction2."""

from importlib.util import find_spec

from . import compat

compat.apply()  # before anything imports a framework

from . import datasets, hooks, optim, outside, strategies
from .adapt import adapt, freeze
from .backbones import shield
from .config import resolve_config
from .hosts import register_host
from .precision import store_frozen
from .registry import ADAPTERS
from .report import parameter_report
from .version import __version__
from .weights import guard

guard.install()
shield.install()
outside.install()

# Each half is registered where its framework is installed; neither needs the other.
if find_spec('mmpretrain') is not None:
    from . import image  # noqa: F401
if find_spec('mmaction') is not None:
    from . import video  # noqa: F401


__all__ = [
    'ADAPTERS',
    '__version__',
    'adapt',
    'datasets',
    'freeze',
    'hooks',
    'optim',
    'parameter_report',
    'register_host',
    'resolve_config',
    'store_frozen',
    'strategies',
]
