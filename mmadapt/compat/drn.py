"""MMAction2's wheel lacks the folder that its own ``models.localizers`` imports."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

__all__ = ['stub_drn']

PACKAGE = 'mmaction.models.localizers.drn'


def stub_drn() -> bool:
    """Stand in for the missing package, so that ``mmaction.models`` can be imported.

    The localizer DRN itself stays unusable: its name raises when it is built.

    Returns:
        Whether the stand-in was needed.
    """
    # The spec of the top package only: that of a sub-package imports the broken one.
    spec = find_spec('mmaction')
    if spec is None or spec.origin is None or PACKAGE in sys.modules:
        return False
    if (Path(spec.origin).parent / 'models' / 'localizers' / 'drn').is_dir():
        return False
    package, module = ModuleType(PACKAGE), ModuleType(f'{PACKAGE}.drn')
    package.__path__ = []
    module.DRN = DRN  # type: ignore[attr-defined]
    package.drn = module  # type: ignore[attr-defined]
    sys.modules[PACKAGE] = package
    sys.modules[module.__name__] = module
    return True


class DRN:
    """The localizer that the installed MMAction2 lacks."""

    def __init__(self, *args: object, **options: object) -> None:
        raise ImportError(
            'the installed mmaction2 lacks mmaction/models/localizers/drn; install '
            'MMAction2 from its source to use DRN.'
        )
