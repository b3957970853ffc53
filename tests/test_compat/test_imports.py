"""Mending modules on import."""

import importlib
import sys

import pytest

from mmadapt.compat.imports import after_import


@pytest.fixture
def module(tmp_path, monkeypatch):
    """The name of a module that can be imported and was not."""
    (tmp_path / 'mended_here.py').write_text('value = 1\n')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, 'meta_path', list(sys.meta_path))
    yield 'mended_here'
    sys.modules.pop('mended_here', None)


def double(module):
    module.value *= 2


def test_a_module_is_mended_after_it_ran_and_not_imported_by_us(module):
    after_import(module, double)
    assert module not in sys.modules
    assert importlib.import_module(module).value == 2


def test_a_module_that_was_imported_is_mended_at_once(module):
    loaded = importlib.import_module(module)
    after_import(module, double)
    assert loaded.value == 2


def test_asking_twice_mends_once(module):
    after_import(module, double)
    after_import(module, double)
    assert importlib.import_module(module).value == 2


def test_a_reload_is_mended_too(module):
    after_import(module, double)
    assert importlib.reload(importlib.import_module(module)).value == 2


def test_an_absent_module_stays_absent(module):
    after_import('no_such_module', double)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module('no_such_module')
    assert importlib.import_module(module).value == 1
