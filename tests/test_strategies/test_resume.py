"""What two sharded processes saved is gone on from by one process."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.runner import Runner

from tests.test_hooks.test_adapter_checkpoint import config

from .test_sharded import SHARDED, assert_close, in_two, load, recipe

pytestmark = pytest.mark.slow

OPTIMIZERS = {
    'SGD': '',
    'AdamW': "optim_wrapper['optimizer'] = dict(type='AdamW', lr=1e-3)\n",
}


@pytest.mark.parametrize('kind', OPTIMIZERS)
def test_one_process_goes_on_from_the_file_of_two(kind: str, tmp_path: Path) -> None:
    change = OPTIMIZERS[kind]
    Runner.from_cfg(config(tmp_path / 'one', recipe(4, change))).train()
    two = tmp_path / 'two'
    found = in_two(two, recipe(2, SHARDED + change))
    assert not any(isinstance(share, str) for share in found), found
    (two / 'work' / 'epoch_2.pth').unlink()
    file = str(two / 'work' / 'epoch_1.pth')
    again = {'resume': True, 'load_from': file, 'experiment_name': 'alone'}
    Runner.from_cfg(config(two, recipe(4, change), **again)).train()
    ours, theirs = (
        load(tmp_path / name / 'work' / 'epoch_2.pth') for name in ('two', 'one')
    )
    assert_close(ours['state_dict'], theirs['state_dict'])
    for index, state in theirs['optimizer']['state'].items():
        assert_close(ours['optimizer']['state'][index], state)
