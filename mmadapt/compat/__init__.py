"""Workarounds for faults of the frameworks on today's torch, numpy and setuptools.

One function each, inert where the fault is absent. :func:`apply` runs before anything
imports MMPretrain or MMAction2.
"""

from .checkpoints import read_checkpoints_safely
from .drn import stub_drn
from .formatting import format_configs_once
from .hue import mend_hue
from .multimodal import skip_multimodal
from .noise import silence_file_client, silence_startup
from .numpy_names import restore_numpy_names
from .packages import find_packages_without_pkg_resources, know_own_configs

__all__ = ['MENDED', 'apply']


MENDED: dict[str, bool] = {}
"""Workaround -> whether this installation needed it; filled by :func:`apply`."""

WORKAROUNDS = (
    silence_file_client,
    restore_numpy_names,
    stub_drn,
    skip_multimodal,
    find_packages_without_pkg_resources,
    know_own_configs,
    read_checkpoints_safely,
    format_configs_once,
    mend_hue,
)


def apply() -> None:
    """Apply every workaround that this installation needs; safe to call again."""
    silence_startup()
    for workaround in WORKAROUNDS:
        needed = bool(workaround())
        MENDED[workaround.__name__] = MENDED.get(workaround.__name__, False) or needed
