"""What the processes of these tests have in common."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.runner import Runner


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own to work in, where MMEngine gathers the results."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Runner, '_log_env', lambda *_: None)  # it runs a compiler
    return tmp_path
