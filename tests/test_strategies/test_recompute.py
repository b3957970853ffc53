"""What blocks compute a second time, or as one function, where they are dealt out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mmengine.runner import Runner

from mmadapt.recompute import fused
from tests.processes import in_processes
from tests.test_hooks.test_adapter_checkpoint import config

from .test_sharded import SHARDED, assert_close, load, recipe, train

pytestmark = pytest.mark.slow

BACKBONE = "model['backbone'].update({options})\n"


@pytest.fixture(scope='module')
def plain(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The weights of one process whose blocks keep everything."""
    folder = tmp_path_factory.mktemp('plain')
    change = BACKBONE.format(options='class_row=False')
    Runner.from_cfg(config(folder, recipe(4, change, epochs=1))).train()
    return load(folder / 'work' / 'epoch_1.pth')['state_dict']


@pytest.mark.parametrize(
    ('options', 'calls'),
    [
        ("recompute='mlp'", 2),
        ("recompute='mlp+qkv'", 2),
        ("recompute='block'", 0),
        ('fused_mlp=True', 2),
        ("fused_mlp=True, recompute='mlp'", 2),
    ],
)
def test_sharded_blocks_train_what_plain_ones_do(
    options: str, calls: int, plain: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    called: list[Any] = []
    function = fused._FusedMLP.apply
    monkeypatch.setattr(
        fused._FusedMLP, 'apply', lambda *args: [called.append(1), function(*args)][1]
    )
    change = SHARDED + BACKBONE.format(options=f'class_row=False, {options}')
    cfg = config(tmp_path, recipe(2, change, epochs=1), launcher='pytorch')

    def run(rank: int) -> int:
        train(cfg)
        return len(called)

    updates = 3
    assert in_processes(2, run, tmp_path) == [calls * updates] * 2
    assert_close(load(tmp_path / 'work' / 'epoch_1.pth')['state_dict'], plain)
