"""A file whose parts are of another kind is refused before any of them is used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.runner import Runner

from mmadapt.errors import TaskFileError

from .test_adapter_checkpoint import config

pytestmark = pytest.mark.slow

Content = dict[str, Any]
MOMENTUM = "optim_wrapper['optimizer'].update(momentum=0.9)\n"


def put(*path: Any, value: Any) -> Callable[[Content], None]:
    """Put a value at a place of a checkpoint."""

    def change(content: Content) -> None:
        node = content
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = value

    return change


CASES = {
    'no meta': (put('meta', value=None), 'meta is None, no dict'),
    'epoch': (put('meta', 'epoch', value='x'), r"meta\.epoch is 'x', no whole number"),
    'iter': (put('meta', 'iter', value=-3), r'meta\.iter is -3'),
    'true': (put('meta', 'iter', value=True), r'meta\.iter is True'),
    'seed': (put('meta', 'seed', value=[1]), r'meta\.seed is \[1\]'),
    'optimizer': (put('optimizer', value=[]), r'optimizer is \[\]'),
    'empty': (put('optimizer', value={}), 'optimizer has no state and param_groups'),
    'groups': (
        put('optimizer', 'param_groups', 0, 'params', value=[0]),
        r'optimizer has groups of \[1\] parameters, this run has \[\d+\]',
    ),
    'shape': (
        put('optimizer', 'state', 0, 'momentum_buffer', value=torch.zeros(3)),
        r'optimizer\.state\.0\.momentum_buffer is not of the shape',
    ),
    'nan': (
        lambda content: content['optimizer']['state'][0]['momentum_buffer'].fill_(
            float('nan')
        ),
        r'optimizer\.state\.0\.momentum_buffer has infinite values or NaN',
    ),
    'hub': (put('message_hub', value=3), 'message_hub is 3'),
    'log': (
        put('message_hub', 'log_scalars', 'train/loss', 'count', value='x'),
        r'the logs \(message_hub\) of .*are broken',
    ),
    'schedules': (put('param_schedulers', value=['x']), 'param_schedulers holds other'),
    'random': (put('random_state', value=[{}]), 'random_state holds no states'),
    'gradients': (put('gradients', value='x'), "gradients is 'x'"),
    'counts': (
        put('gradients', value=[{'counts': [[1]], 'grads': {}}]),
        'gradients holds other things',
    ),
    'gradient': (
        put('gradients', value=[{'counts': [[2, 1]], 'grads': {'a': torch.ones(1)}}]),
        r'gradients\.a is not of the shape',
    ),
    'position': (put('position', value='x'), "position is 'x'"),
}


@pytest.fixture(scope='module')
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work_dir with the files of two epochs."""
    folder = tmp_path_factory.mktemp('trained')
    Runner.from_cfg(config(folder, MOMENTUM)).train()
    return folder


def resumed(folder: Path, content: Content) -> Runner:
    torch.save(content, folder / 'changed.pth')
    cfg = config(folder, MOMENTUM)
    cfg.resume, cfg.load_from = True, str(folder / 'changed.pth')
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


@pytest.mark.parametrize('case', sorted(CASES))
def test_each_part_is_named(trained: Path, case: str, tmp_path: Path) -> None:
    change, message = CASES[case]
    content = torch.load(trained / 'work' / 'epoch_1.pth', weights_only=True)
    change(content)
    with pytest.raises(TaskFileError, match=message):
        resumed(tmp_path, content)


def test_the_file_itself_is_resumed(trained: Path, tmp_path: Path) -> None:
    content = torch.load(trained / 'work' / 'epoch_1.pth', weights_only=True)
    assert resumed(tmp_path, content).epoch == 2


def test_a_file_without_random_states_is_resumed_with_a_warning(
    trained: Path, tmp_path: Path
) -> None:
    content = torch.load(trained / 'work' / 'epoch_1.pth', weights_only=True)
    del content['random_state']
    assert resumed(tmp_path, content).epoch == 2
    log = next(tmp_path.rglob('*.log')).read_text()
    assert 'WARNING' in log and 'has no random states' in log
