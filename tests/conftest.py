"""What every test has in common."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest
import torch
from mmengine._strategy import base
from mmengine.runner import FlexibleRunner, Runner, runner

import mmadapt

from .forgetting import Seconds, first_run, forget_runs


@pytest.fixture(autouse=True, scope='module')
def _imported() -> None:
    """Leave what stays in memory, most of it code, out of garbage collections.

    MMEngine collects for each data set it builds, which among half a million objects
    takes longer than most tests.
    """
    forget_runs()  # or those of the module before would be kept for good
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope='session')
def _forks_may_differentiate() -> None:
    """Let processes that tests fork compute gradients.

    Where the first gradient of a process is that of a compiled graph, torch starts
    threads for it and refuses gradients in all forks of that process.
    """
    torch.ones(1, requires_grad=True).sum().backward()


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test starts alike, whatever ran before it in the same process."""
    torch.manual_seed(0)
    # A scope that a runner leaves behind hides another library's names, for one.
    forget_runs()
    for kind in (Runner, FlexibleRunner):  # one test may train several in one second
        monkeypatch.setattr(kind, '__init__', first_run(kind.__init__))
    for module in (runner, base):
        monkeypatch.setattr(module, 'time', Seconds())
    # Shell scripts under test call `python`: the one that runs the tests.
    folder = str(Path(sys.executable).parent)
    monkeypatch.setenv('PATH', folder + os.pathsep + os.environ['PATH'])


def pytest_report_header() -> str:
    """Versions that decide what the tests see."""
    return f'mmadapt {mmadapt.__version__}, torch {torch.__version__}'
