"""A file that a sharded run can't go on from is refused, by all processes alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmadapt import launch
from mmadapt.sharding import full
from tests.processes import in_processes
from tests.test_hooks.test_adapter_checkpoint import config

from .test_sharded import SHARDED, load, recipe

pytestmark = pytest.mark.slow

Content = dict[str, Any]
HEAD = 'head.fc.weight'


def of_another_task(content: Content) -> None:
    content['state_dict'][HEAD] = torch.zeros(7, 48)


def with_a_part_of_a_moment(content: Content) -> None:
    """As if a process had saved its own part alone."""
    state = content['optimizer']['state'][0]
    state['momentum_buffer'] = state['momentum_buffer'][:2]


def with_other_groups(content: Content) -> None:
    content['optimizer']['param_groups'][0]['params'].pop()


def with_another_trunk(content: Content) -> None:
    """As a file that holds the trunk too would be."""
    content['state_dict']['backbone.cls_token'] = torch.ones(1, 1, 48)


CASES: dict[Callable[[Content], None], str] = {
    of_another_task: 'head for another number of classes is another task',
    with_a_part_of_a_moment: 'optimizer.state.0.momentum_buffer is not of the shape',
    with_other_groups: 'optimizer has groups of',
    with_another_trunk: 'has of another trunk: backbone.cls_token',
}


def refused(cfg: Config) -> tuple[str, bool]:
    """The error, and whether the file's head was put into the model."""
    runner = launch.build_runner(cfg)
    try:
        runner.train()
    except Exception as error:
        found = full(runner.model.state_dict()[HEAD])
        own = load(Path(cfg.load_from))['state_dict'][HEAD]
        return f'{type(error).__name__}: {error}', torch.equal(found, own)
    return 'nothing was refused', True


def test_all_processes_refuse_it_before_anything_is_touched(tmp_path: Path) -> None:
    cfg = config(tmp_path, recipe(4, epochs=1), experiment_name='first')
    Runner.from_cfg(cfg).train()
    files = {}
    for number, change in enumerate(CASES):
        content = load(tmp_path / 'work' / 'epoch_1.pth')
        change(content)
        files[change] = str(tmp_path / f'changed{number}.pth')
        torch.save(content, files[change])
    cfgs = {
        change: config(
            tmp_path,
            recipe(2, SHARDED),
            launcher='pytorch',
            experiment_name=change.__name__,
            resume=True,
            load_from=file,
        )
        for change, file in files.items()
    }
    found = in_processes(
        2, lambda rank: [refused(cfg) for cfg in cfgs.values()], tmp_path
    )
    assert found[0] == found[1]
    for (error, loaded), message in zip(found[0], CASES.values(), strict=True):
        assert error.startswith('TaskFileError') and message in error, error
        assert not loaded, error
