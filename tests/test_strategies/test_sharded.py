"""A trunk dealt out over two processes trains what one process trains."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS
from mmengine.runner import Runner
from torch import Tensor
from torch.distributed.fsdp._fully_shard._fsdp_param_group import FSDPParamGroup

from mmadapt import launch
from mmadapt.apis import load_task
from mmadapt.errors import ConfigError
from mmadapt.parts import local
from mmadapt.sharding import is_sharded
from tests.processes import in_processes
from tests.test_hooks.test_adapter_checkpoint import config

pytestmark = pytest.mark.slow

RECIPE = """
model['neck'] = None
model['head'].update(in_channels=48)
model['backbone']['adapter'].update(init='normal')
train_dataloader['sampler'] = dict(type='DefaultSampler', shuffle=False)
train_dataloader['batch_size'] = {batch}
train_cfg.update(max_epochs={epochs}, val_interval=1)
optim_wrapper['optimizer'].update(momentum=0.9)
param_scheduler = [dict(type='MultiStepLR', milestones=[1])]
default_hooks['finite'] = dict(type='FiniteHook')
randomness = dict(seed=3)
"""
SHARDED = """
runner_type = 'FlexibleRunner'
strategy = dict(type='ShardedStrategy')
"""
CLOSE = {'rtol': 1e-5, 'atol': 1e-6}
"""Float32 sums in another order, over six updates."""


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class SeveralOptimizers:
    """One for the head, one for the rest."""

    def __init__(self, optim_wrapper_cfg: Any, paramwise_cfg: Any = None) -> None:
        pass

    def __call__(self, model: Any) -> OptimWrapperDict:
        parts = {'head': model.head, 'backbone': model.backbone}
        return OptimWrapperDict(
            **{
                name: OptimWrapper(torch.optim.SGD(part.parameters(), lr=0.1))
                for name, part in parts.items()
            }
        )


def recipe(batch: int, changes: str = '', epochs: int = 2) -> str:
    return RECIPE.format(batch=batch, epochs=epochs) + changes


def load(path: Path) -> dict[str, Any]:
    return torch.load(path, weights_only=True)


def train(cfg: Config) -> tuple[dict[str, Any], int]:
    """What a process holds of the trunk, in bytes, and its last score."""
    runner = launch.build_runner(cfg)
    launch.check_loaders(runner)
    runner.train()
    assert is_sharded(runner.model)
    frozen = [p for p in runner.model.parameters() if not p.requires_grad]
    held = sum(local(p).nbytes for p in frozen)
    assert all(p.grad is None for p in frozen)
    score = runner.message_hub.get_scalar('val/accuracy/top1').current()
    return score, held


def in_two(folder: Path, changes: str, **values: Any) -> list[Any]:
    cfg = config(folder, changes, launcher='pytorch', **values)
    return in_processes(2, lambda rank: train(cfg), folder)


def assert_close(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> None:
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, **CLOSE)


def test_weights_files_and_scores_are_those_of_one_process(tmp_path: Path) -> None:
    alone = Runner.from_cfg(config(tmp_path / 'one', recipe(4)))
    alone.train()
    found = in_two(tmp_path / 'two', recipe(2, SHARDED))
    score = alone.message_hub.get_scalar('val/accuracy/top1').current()
    whole = sum(p.nbytes for p in alone.model.parameters() if not p.requires_grad)
    for share in found:
        assert not isinstance(share, str), share
        assert share[0] == pytest.approx(score)
        assert share[1] < 0.55 * whole
    ours, theirs = (
        load(tmp_path / name / 'work' / 'epoch_2.pth') for name in ('two', 'one')
    )
    assert_close(ours['state_dict'], theirs['state_dict'])
    states = ours['optimizer']['state'], theirs['optimizer']['state']
    for index, state in states[1].items():
        torch.testing.assert_close(
            states[0][index]['momentum_buffer'], state['momentum_buffer'], **CLOSE
        )
    task = load_task(
        config(tmp_path / 'one', recipe(4)), tmp_path / 'two' / 'work' / 'epoch_2.pth'
    )
    found_weights = task.model.state_dict()
    for name, tensor in ours['state_dict'].items():
        assert torch.equal(found_weights[name], tensor), name


def test_compiled_blocks_train_what_plain_ones_do(tmp_path: Path) -> None:
    """Whose weights are gathered in front of the graph."""
    compiled = "model['backbone']['compile_blocks'] = dict(backend='aot_eager')\n"
    Runner.from_cfg(config(tmp_path / 'one', recipe(4, epochs=1))).train()
    found = in_two(tmp_path / 'two', recipe(2, SHARDED + compiled, epochs=1))
    assert not any(isinstance(share, str) for share in found), found
    ours, theirs = (
        load(tmp_path / name / 'work' / 'epoch_1.pth') for name in ('two', 'one')
    )
    assert_close(ours['state_dict'], theirs['state_dict'])


def test_a_file_is_resumed_by_other_numbers_of_processes(tmp_path: Path) -> None:
    first = recipe(4, epochs=1)
    Runner.from_cfg(config(tmp_path / 'one', first, experiment_name='first')).train()
    shutil.copytree(tmp_path / 'one', tmp_path / 'two')
    cfg = config(tmp_path / 'one', recipe(4), resume=True, experiment_name='again')
    Runner.from_cfg(cfg).train()
    found = in_two(
        tmp_path / 'two',
        recipe(2, SHARDED),
        resume=True,
        load_from=str(tmp_path / 'two' / 'work' / 'epoch_1.pth'),
    )
    assert not any(isinstance(share, str) for share in found), found
    ours, theirs = (
        load(tmp_path / name / 'work' / 'epoch_2.pth') for name in ('two', 'one')
    )
    assert_close(ours['state_dict'], theirs['state_dict'])


def test_it_holds_a_trunk_in_bfloat16(tmp_path: Path) -> None:
    changes = (
        "model['backbone'].update(frozen_dtype='bfloat16')\n"
        "optim_wrapper['type'] = 'CpuAmpOptimWrapper'\n"
    )
    found = in_two(tmp_path, recipe(2, SHARDED + changes, epochs=1))
    assert not any(isinstance(share, str) for share in found), found
    state = load(tmp_path / 'work' / 'epoch_1.pth')['state_dict']
    assert {t.dtype for t in state.values()} <= {torch.float32, torch.uint8}


def one_type_alone(group: Any) -> None:
    """What torch had before it let frozen weights have a type of their own."""
    for parameter in group.fsdp_params:
        parameter.init_dtype_attrs(group.mp_policy)
    types = {parameter.orig_dtype for parameter in group.fsdp_params}
    if len(types) != 1:
        raise AssertionError(f'FSDP expects uniform original parameter dtype: {types}')
    [group._orig_dtype] = [group._reduce_dtype] = types


def refusal(cfg: Config) -> str:
    """What is said before the first step."""
    runner = launch.build_runner(cfg)
    try:
        runner.train()
    except ConfigError as error:
        return f'{runner.iter}: {error}'
    return 'nothing'


@pytest.mark.parametrize('dtype', [None, 'bfloat16'])
def test_a_torch_that_shards_one_type_alone(
    dtype: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FSDPParamGroup, '_init_mp_dtypes', one_type_alone)
    changes = f"""
model['backbone'].update(frozen_dtype={dtype!r})
optim_wrapper['type'] = 'CpuAmpOptimWrapper'
"""
    text = recipe(2, SHARDED + changes, epochs=1)
    cfg = config(tmp_path, text, launcher='pytorch')
    for told in in_processes(2, lambda _: refusal(cfg), tmp_path):
        if dtype is None:
            assert told == 'nothing'
        else:
            assert told.startswith("0: frozen_dtype='bfloat16': torch ")


def test_several_optimizers_are_refused_at_the_start(tmp_path: Path) -> None:
    changes = """
optim_wrapper = dict(
    constructor='SeveralOptimizers', optimizer=dict(type='SGD', lr=0.1, momentum=0.9)
)
"""
    text = recipe(2, SHARDED + changes, epochs=1)
    cfg = config(tmp_path, text, launcher='pytorch')
    for told in in_processes(2, lambda _: refusal(cfg), tmp_path):
        assert told.startswith('0: ShardedStrategy saves and resumes one optimizer')


def test_one_process_is_refused(tmp_path: Path) -> None:
    runner = launch.build_runner(config(tmp_path, recipe(4, SHARDED)))
    with pytest.raises(ConfigError, match='several processes'):
        runner.train()


def test_deepspeed_is_refused(tmp_path: Path) -> None:
    cfg = config(tmp_path, recipe(4, SHARDED), strategy={'type': 'DeepSpeedStrategy'})
    with pytest.raises(ConfigError, match="type='ShardedStrategy'"):
        launch.build_runner(cfg)


@pytest.mark.parametrize('kind', ['ShardedStrategy', 'ZeroStrategy'])
def test_a_moving_average_is_refused(kind: str, tmp_path: Path) -> None:
    if kind == 'ZeroStrategy':
        pytest.importorskip('deepspeed', reason='DeepSpeed is not installed')
    changes = "custom_hooks += [dict(type='EMAHook', momentum=0.5)]\n"
    cfg = config(tmp_path, recipe(4, SHARDED + changes), strategy={'type': kind})
    with pytest.raises(ConfigError, match='EMAHook copies the whole model'):
        launch.build_runner(cfg)
