"""A trunk partitioned by DeepSpeed over two processes trains what one process trains.

DeepSpeed is an extra, which the tests' own requirements leave out.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmadapt import launch
from mmadapt.apis import load_task
from mmadapt.errors import ConfigError, NonFiniteError
from mmadapt.parts import local
from mmadapt.sharding import is_sharded
from mmadapt.wrapping import unwrapped
from tests.processes import in_processes
from tests.test_hooks.test_adapter_checkpoint import config

from .test_gradients import Plant, make_infinite
from .test_resume import OPTIMIZERS
from .test_sharded import assert_close, load, recipe

pytest.importorskip(
    'deepspeed', reason='DeepSpeed is not installed: ZeroStrategy goes untested'
)
pytestmark = pytest.mark.slow

ZERO = """
runner_type = 'FlexibleRunner'
strategy = dict(type='ZeroStrategy')
"""


def train(cfg: Config) -> tuple[Any, int]:
    """What a process holds of the trunk, in bytes, and its last score."""
    runner = launch.build_runner(cfg)
    runner.train()
    model = unwrapped(runner.model)
    assert is_sharded(model)
    frozen = [p for p in model.parameters() if not p.requires_grad]
    assert all(p.numel() == 0 for p in frozen)
    score = runner.message_hub.get_scalar('val/accuracy/top1').current()
    return score, sum(local(p).nbytes for p in frozen)


def in_two(folder: Path, changes: str, **values: Any) -> list[Any]:
    cfg = config(folder, changes, launcher='pytorch', **values)
    found = in_processes(2, lambda rank: train(cfg), folder)
    assert not any(isinstance(share, str) for share in found), found
    return found


def assert_same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Weights, and the states of the optimizer, of two files."""
    assert_close(ours['state_dict'], theirs['state_dict'])
    states = theirs['optimizer']['state']
    assert ours['optimizer']['state'].keys() == states.keys()
    for index, state in states.items():
        assert_close(ours['optimizer']['state'][index], state)
    sizes = [
        [len(group['params']) for group in content['optimizer']['param_groups']]
        for content in (ours, theirs)
    ]
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize('kind', OPTIMIZERS)
def test_two_processes_train_save_and_resume_as_one(kind: str, tmp_path: Path) -> None:
    """One process, two of DeepSpeed, and either going on from the other's file."""
    change = OPTIMIZERS[kind]
    one, two, there, back = (tmp_path / name for name in ('one', 'two', '1to2', '2to1'))
    alone = Runner.from_cfg(config(one, recipe(4, change)))
    alone.train()
    score = alone.message_hub.get_scalar('val/accuracy/top1').current()
    whole = sum(p.nbytes for p in alone.model.parameters() if not p.requires_grad)
    for share in in_two(two, recipe(2, ZERO + change)):
        assert share[0] == pytest.approx(score)
        assert share[1] < 0.55 * whole
    theirs = load(one / 'work' / 'epoch_2.pth')
    assert_same(load(two / 'work' / 'epoch_2.pth'), theirs)

    for folder, source in ((there, one), (back, two)):
        shutil.copytree(source, folder)
        (folder / 'work' / 'epoch_2.pth').unlink()
    resumed = {'resume': True, 'experiment_name': 'again'}
    file = str(there / 'work' / 'epoch_1.pth')
    in_two(there, recipe(2, ZERO + change), load_from=file, **resumed)
    file = str(back / 'work' / 'epoch_1.pth')
    cfg = config(back, recipe(4, change), load_from=file, **resumed)
    Runner.from_cfg(cfg).train()
    for folder in (there, back):
        assert_same(load(folder / 'work' / 'epoch_2.pth'), theirs)

    task = load_task(config(one, recipe(4)), two / 'work' / 'epoch_2.pth')
    found = task.model.state_dict()
    for name, tensor in load(two / 'work' / 'epoch_2.pth')['state_dict'].items():
        assert found[name].equal(tensor), name


@pytest.mark.parametrize('tier', ['mlp', 'mlp+qkv', 'block'])
def test_blocks_are_computed_again_by_their_modules(tier: str, tmp_path: Path) -> None:
    Runner.from_cfg(config(tmp_path / 'one', recipe(4, epochs=1))).train()
    change = f"model['backbone'].update(recompute='{tier}')\n"
    in_two(tmp_path / 'two', recipe(2, ZERO + change, epochs=1))
    ours, theirs = (load(tmp_path / n / 'work' / 'epoch_1.pth') for n in ('two', 'one'))
    assert_same(ours, theirs)


def refused(cfg: Config) -> str:
    runner = launch.build_runner(cfg)
    try:
        runner.train()
    except Exception as error:
        return f'{type(error).__name__}: {error}'
    return 'nothing was refused'


def test_files_of_another_trunk_or_task_are_refused(tmp_path: Path) -> None:
    Runner.from_cfg(config(tmp_path, recipe(4, epochs=1))).train()
    files = {}
    for name, shape in (
        ('backbone.cls_token', (1, 1, 48)),
        ('head.fc.weight', (7, 48)),
    ):
        content = load(tmp_path / 'work' / 'epoch_1.pth')
        content['state_dict'][name] = torch.ones(shape)
        files[name] = str(tmp_path / f'{name}.pth')
        torch.save(content, files[name])
    cfgs = [
        config(
            tmp_path,
            recipe(2, ZERO),
            launcher='pytorch',
            resume=True,
            load_from=file,
            experiment_name=name,
        )
        for name, file in files.items()
    ]
    found = in_processes(2, lambda rank: [refused(cfg) for cfg in cfgs], tmp_path)
    assert found[0] == found[1]
    for error, message in zip(
        found[0], ('of another trunk', 'head.fc.weight'), strict=True
    ):
        assert error.startswith('TaskFileError') and message in error, error


def test_an_infinite_gradient_of_one_part_stops_all_processes(tmp_path: Path) -> None:
    cfg = config(tmp_path, recipe(2, ZERO), launcher='pytorch')

    def run(rank: int) -> str:
        runner = launch.build_runner(cfg)
        runner.register_hook(Plant(make_infinite), 'LOWEST')
        try:
            runner.train()
        except NonFiniteError as error:
            return f'stopped: {error}'
        return 'it went on'

    for found in in_processes(2, run, tmp_path):
        assert found.startswith('stopped: a gradient is not finite'), found


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ('', 'several processes'),
        ("model['backbone'].update(frozen_dtype='bfloat16')\n", 'one number type'),
    ],
)
def test_what_it_can_not_do_is_named(
    changes: str, message: str, tmp_path: Path
) -> None:
    runner = launch.build_runner(config(tmp_path, recipe(4, ZERO + changes)))
    with pytest.raises(ConfigError, match=message):
        runner.train()
