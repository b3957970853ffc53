"""mmadapt: AdaptFormer as a plug-in for MMPretrain and MMAction2."""

from importlib.util import find_spec

from . import compat

compat.apply()  # before anything imports a framework

from . import datasets, hooks, optim  # noqa: E402
from .adapt import adapt, freeze  # noqa: E402
from .backbones import shield  # noqa: E402
from .config import resolve_config  # noqa: E402
from .hosts import register_host  # noqa: E402
from .registry import ADAPTERS  # noqa: E402
from .report import parameter_report  # noqa: E402
from .weights import guard  # noqa: E402

guard.install()
shield.install()

# Each half is registered where its framework is installed; neither needs the other.
if find_spec('mmpretrain') is not None:
    from . import image  # noqa: E402, F401
if find_spec('mmaction') is not None:
    from . import video  # noqa: E402, F401

__version__ = '0.1.0'

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
]
