"""The stand-in for the folder that MMAction2's wheel lacks."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from mmadapt.compat.drn import DRN, PACKAGE, stub_drn


def lacks_drn() -> bool:
    folder = Path(find_spec('mmaction').origin).parent / 'models/localizers/drn'
    return not folder.is_dir()


def run_python(code: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_unpatched_import_of_the_models_fails_where_the_folder_is_absent():
    ended = run_python('import mmaction.models')
    if lacks_drn():
        assert ended.returncode == 1
        assert f"ModuleNotFoundError: No module named '{PACKAGE}'" in ended.stderr
    else:
        assert ended.returncode == 0


def test_models_can_be_imported_after_mmadapt():
    from mmaction.models import Recognizer3D

    import mmadapt  # noqa: F401

    assert Recognizer3D.__name__ == 'Recognizer3D'
    assert (sys.modules[f'{PACKAGE}.drn'].DRN is DRN) == lacks_drn()


def test_a_second_call_leaves_the_first_stand_in():
    stub_drn()
    before = sys.modules.get(PACKAGE)
    assert stub_drn() is False
    assert sys.modules.get(PACKAGE) is before


def test_inert_without_mmaction(monkeypatch):
    monkeypatch.delitem(sys.modules, PACKAGE, raising=False)
    monkeypatch.setattr('mmadapt.compat.drn.find_spec', lambda name: None)
    assert stub_drn() is False
    assert PACKAGE not in sys.modules


def test_inert_where_the_folder_is_present(monkeypatch, tmp_path):
    (tmp_path / 'models/localizers/drn').mkdir(parents=True)
    spec = type('Spec', (), {'origin': str(tmp_path / '__init__.py')})
    monkeypatch.delitem(sys.modules, PACKAGE, raising=False)
    monkeypatch.setattr('mmadapt.compat.drn.find_spec', lambda name: spec)
    assert stub_drn() is False
    assert PACKAGE not in sys.modules


def test_building_the_localizer_says_what_is_missing():
    with pytest.raises(ImportError, match='install MMAction2 from its source'):
        DRN(depth=18)
