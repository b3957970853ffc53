"""Code that is written anew is other code."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from mmadapt.cache.code import code_of, function_code, own_class
from mmadapt.cache.replay import LettingBy, let_by

CODE = """
class Base:
    def step(self):
        return {base}

class Transform(Base):
    def __call__(self, results):
        return {value}

Made = type('Made', (Base,), {{}})

def function():
    return {value}
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that writes a module and gives it."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr('sys.dont_write_bytecode', True)

    def write(base: int = 1, value: int = 1) -> Any:
        (tmp_path / 'a_users_own.py').write_text(CODE.format(base=base, value=value))
        importlib.invalidate_caches()
        return importlib.reload(importlib.import_module('a_users_own'))

    yield write
    monkeypatch.delitem(importlib.import_module('sys').modules, 'a_users_own')


@pytest.mark.parametrize('changed', ['base', 'value'])
def test_a_class_and_its_bases_count(module: Any, changed: str) -> None:
    first = code_of(module().Transform)
    assert code_of(module().Transform) == first
    assert code_of(module(**{changed: 222}).Transform) != first


def test_a_class_that_a_program_made_counts_with_its_file(module: Any) -> None:
    first = code_of(module().Made)
    assert code_of(module(value=222).Made) != first


def test_functions_count(module: Any) -> None:
    first = function_code(module().function)
    assert function_code(module(value=222).function) != first


def test_a_class_without_a_file_is_known_by_name(module: Any) -> None:
    namespace: dict[str, Any] = {'__name__': 'nowhere'}
    exec('class One: pass\nclass Two: pass', namespace)
    assert code_of(namespace['One']) != code_of(namespace['Two'])


def test_what_the_cache_puts_over_a_class_does_not_count() -> None:
    preprocessor = nn.Flatten()
    let_by(preprocessor)
    assert isinstance(preprocessor, LettingBy)
    assert own_class(type(preprocessor)) is nn.Flatten
    assert code_of(type(preprocessor)) == code_of(nn.Flatten)
    assert own_class(torch.Tensor) is torch.Tensor
