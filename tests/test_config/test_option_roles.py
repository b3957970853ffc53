"""Every option that a shipped config holds counts as one that its part takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmadapt.config import load_config
from mmadapt.config.data import scope_of
from mmadapt.config.option_roles import takes
from mmadapt.config.places import walk

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = [p for p in ROOT.glob('configs/**/*.py') if '_base_' not in p.parts]


@pytest.mark.parametrize('file', CONFIGS, ids=lambda file: file.stem)
def test_shipped_configs_hold_nothing_unknown(file: Path) -> None:
    cfg = load_config(file)
    judged = 0
    with scope_of(cfg):
        for root in cfg:
            for path, node in walk(cfg[root], root):
                known = takes(path, node)
                judged += known is not None
                assert known is None or {*node} <= {*known[1]}, path
    assert judged > 20
