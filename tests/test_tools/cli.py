"""Running the tools inside the test's own process."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.forgetting import forget_runs

ROOT = Path(__file__).resolve().parents[2]


def load_tool(name: str) -> ModuleType:
    """The module of ``tools/<name>.py``."""
    spec = importlib.util.spec_from_file_location(
        f'mmadapt_tool_{name}', ROOT / 'tools' / f'{name}.py'
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def run_tool(monkeypatch: pytest.MonkeyPatch, name: str, *argv: object) -> None:
    """Run a tool's main function under a command line."""
    forget_runs()  # of a command before, which would be a process of its own
    monkeypatch.setattr(sys, 'argv', [f'tools/{name}.py', *map(str, argv)])
    load_tool(name).main()
