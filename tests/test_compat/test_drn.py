"""MMAction2's models import, with the stand-in where the wheel lacks a folder."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from mmadapt.compat.drn import DRN, PACKAGE, stub_drn

SPEC = find_spec('mmaction')
WHOLE = (Path(SPEC.origin).parent / 'models' / 'localizers' / 'drn').is_dir()


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter, where nothing is mended yet."""
    return subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True
    )


@pytest.mark.slow
def test_unpatched_import_fails_where_the_folder_is_absent() -> None:
    result = run('import mmaction.models')
    if WHOLE:
        assert result.returncode == 0
    else:
        assert f"No module named '{PACKAGE}'" in result.stderr


def test_it_acts_exactly_where_the_folder_is_absent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, PACKAGE, raising=False)
    monkeypatch.delitem(sys.modules, f'{PACKAGE}.drn', raising=False)
    assert stub_drn() is not WHOLE
    assert stub_drn() is False  # a second call finds nothing to do
    assert (PACKAGE in sys.modules) is not WHOLE


def test_models_import_behind_it() -> None:
    import mmaction.models

    assert mmaction.models.Recognizer3D is not None


def test_the_stand_in_says_what_is_missing() -> None:
    with pytest.raises(ImportError, match='from its source'):
        DRN()
