"""MMEngine asks setuptools' pkg_resources, gone since 82, where a package is."""

from __future__ import annotations

from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from mmengine import utils
from mmengine.config import config
from mmengine.config import utils as config_utils
from mmengine.hub import hub
from mmengine.utils import package_utils

__all__ = [
    'find_packages_without_pkg_resources',
    'installed_path',
    'is_installed',
    'know_own_configs',
]

OWN = __package__.partition('.')[0]

# Each of these bound the two functions by name.
NAMESPACES: tuple[ModuleType, ...] = (utils, package_utils, config, hub)


def find_packages_without_pkg_resources() -> bool:
    """Answer MMEngine's questions from importlib: ``_base_ = 'pkg::...'`` works again.

    Returns:
        Whether pkg_resources is absent, and the answer was needed.
    """
    if find_spec('pkg_resources') is not None:
        return False
    for namespace in NAMESPACES:
        if hasattr(namespace, 'is_installed'):
            namespace.is_installed = is_installed  # type: ignore[attr-defined]
        if hasattr(namespace, 'get_installed_path'):
            namespace.get_installed_path = installed_path  # type: ignore[attr-defined]
    return True


def is_installed(package: str) -> bool:
    """Whether a distribution or a module of that name is installed.

    Args:
        package: Such as ``'mmaction2'`` (distribution) or ``'mmaction'`` (module).
    """
    try:
        metadata.distribution(package)
    except metadata.PackageNotFoundError:
        spec = find_spec(package)
        return spec is not None and spec.origin is not None
    return True


def installed_path(package: str) -> str:
    """The folder of a package, by the name of its distribution or module.

    Args:
        package: Such as ``'mmaction2'`` or ``'mmaction'``.

    Raises:
        ModuleNotFoundError: It isn't installed, or has no folder of its own.
    """
    for module in (package, *top_level(package)):
        spec = find_spec(module)
        if spec is not None and spec.origin is not None:
            return str(Path(spec.origin).parent)
    raise ModuleNotFoundError(
        f'{package} is not installed, or is a namespace package without a folder.'
    )


def top_level(distribution: str) -> list[str]:
    """The modules that a distribution installs."""
    try:
        text = metadata.distribution(distribution).read_text('top_level.txt')
    except metadata.PackageNotFoundError:
        return []
    return (text or '').split()


def know_own_configs() -> bool:
    """Let ``_base_ = 'mmadapt::adaptformer_cifar100.py'`` find our configs.

    MMEngine knows the packages of OpenMMLab only, wants a folder in the path, and looks
    for an editable install beside its metadata, where it isn't.

    Returns:
        Whether MMEngine had to be told.
    """
    if OWN in config_utils.MODULE2PACKAGE:
        return False
    config_utils.MODULE2PACKAGE[OWN] = OWN
    split = config_utils._get_package_and_cfg_path

    def package_and_path(path: str) -> tuple[str, str]:
        """Package and path of ``'package::path'``; ours may lie at the top."""
        scope, _, inner = path.partition('::')
        return (OWN, inner) if scope == OWN else split(path)

    for namespace in (config_utils, config, hub):
        namespace._get_package_and_cfg_path = package_and_path  # type: ignore[attr-defined]
    upstream = config.get_installed_path

    def path_of(package: str) -> str:
        """The folder of a package; ours is where this file is."""
        return str(Path(__file__).parents[1]) if package == OWN else upstream(package)

    for namespace in (config, hub):
        namespace.get_installed_path = path_of
    return True
