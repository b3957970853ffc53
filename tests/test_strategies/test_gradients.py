"""Gradients of a sharded trunk: clipped as by one, watched in the first step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from mmadapt import launch
from mmadapt.hooks import FrozenTrunkHook
from mmadapt.hooks.gradients import restore_gradients
from mmadapt.sharding import is_sharded
from tests.processes import in_processes
from tests.test_hooks.test_adapter_checkpoint import config

from .test_sharded import SHARDED, assert_close, in_two, load, recipe

pytestmark = pytest.mark.slow

WITHOUT_FINITE = "default_hooks.pop('finite')\n"


@pytest.mark.parametrize(
    'clip',
    [{'max_norm': 0.05}, {'max_norm': 0.5, 'norm_type': 1.0}],
    ids=['norm', 'norm-1'],
)
def test_clipping_is_that_of_one_process(clip: dict[str, Any], tmp_path: Path) -> None:
    changes = f"optim_wrapper['clip_grad'] = {clip!r}\n"
    Runner.from_cfg(config(tmp_path / 'free', recipe(4, epochs=1))).train()
    alone = Runner.from_cfg(config(tmp_path / 'one', recipe(4, changes, epochs=1)))
    alone.train()
    found = in_two(tmp_path / 'two', recipe(2, SHARDED + changes, epochs=1))
    assert not any(isinstance(share, str) for share in found), found
    ours, theirs, free = (
        load(tmp_path / name / 'work' / 'epoch_1.pth')
        for name in ('two', 'one', 'free')
    )
    assert_close(ours['state_dict'], theirs['state_dict'])
    with pytest.raises(AssertionError):
        assert_close(free['state_dict'], theirs['state_dict'])
    norms = [
        content['message_hub']['log_scalars']['train/grad_norm']
        for content in (ours, theirs)
    ]
    # Of float32 numbers added up in another order, kept as float64.
    ours, theirs = (norm['mmengine.HistoryBuffer'] for norm in norms)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-7)


class Plant(Hook):
    """Changes the model in front of its first iteration."""

    def __init__(self, change: Callable[[nn.Module], None]) -> None:
        self.change = change

    def before_train_epoch(self, runner: Runner) -> None:
        if runner.iter == 0:
            self.change(runner.model)


def nothing(model: nn.Module) -> None:
    """A sound run."""


def bypass(model: nn.Module) -> None:
    block: Any = model.backbone.layers[1]
    block.close_mlp = lambda x, h, normed: x + h


def detach(model: nn.Module) -> None:
    adapter: Any = model.backbone.layers[0].adapter
    forward = adapter.forward
    adapter.forward = lambda x: forward(x).detach()


def make_infinite(model: nn.Module) -> None:
    """The loss is finite, the gradient of the first layer's adapter is not."""
    block: Any = model.backbone.layers[0]
    forward = block.forward

    def infinite(x: Tensor) -> Tensor:
        out = forward(x)
        out.register_hook(lambda gradient: gradient * float('inf'))
        return out

    block.forward = infinite


def move_the_trunk(model: nn.Module) -> None:
    victim: Any = model.backbone.patch_embed.projection.weight
    victim.grad = victim.detach() * 0


CASES: dict[Callable[[nn.Module], None], str] = {
    nothing: '',
    bypass: '4 of 8 adapter parameters got no gradient in the first iteration: '
    'backbone.layers.1.adapter.down.weight',
    detach: '4 of 8 adapter parameters got no gradient in the first iteration: '
    'backbone.layers.0.adapter.down.weight',
    make_infinite: '4 of 8 parameters that train in the backbone got a gradient that '
    'is not finite',
    move_the_trunk: '1 frozen parameters got a gradient',
}


def first_iteration(cfg: Config, change: Callable[[nn.Module], None]) -> str:
    """The error of a run, or nothing."""
    runner = launch.build_runner(cfg)
    runner.register_hook(Plant(change), 'LOWEST')
    try:
        runner.train()
    except Exception as error:
        return f'{type(error).__name__}: {error}'
    assert is_sharded(runner.model)
    hook: Any = next(h for h in runner.hooks if isinstance(h, FrozenTrunkHook))
    assert hook.first.done and len(hook.first.finite) == 8
    return ''


@pytest.mark.parametrize('counts', [1, 3])
def test_the_first_iteration_is_watched(counts: int, tmp_path: Path) -> None:
    """At one update an iteration, and with gradients that are accumulated."""
    changes = f"optim_wrapper['accumulative_counts'] = {counts}\n{WITHOUT_FINITE}"
    cfg = config(tmp_path, recipe(2, SHARDED + changes, epochs=1), launcher='pytorch')
    found = in_processes(
        2, lambda rank: [first_iteration(cfg, change) for change in CASES], tmp_path
    )
    assert found[0] == found[1]
    for error, message in zip(found[0], CASES.values(), strict=True):
        assert bool(error) is bool(message), error
        assert message in error, error


SMALL = {
    'a bottleneck of one': "model['backbone']['adapter'].update(bottleneck=1)\n",
    'a learnable scale': "model['backbone']['adapter'].update(scale='learnable')\n",
    'prompts': "model['backbone']['adapter'] = dict(type='VPT', num_tokens=4)\n",
}


@pytest.mark.parametrize('kind', SMALL)
def test_a_process_may_hold_nothing_of_what_trains(kind: str, tmp_path: Path) -> None:
    whole = recipe(4, SMALL[kind], epochs=1).replace(
        "model['backbone']['adapter'].update(init='normal')\n", ''
    )
    Runner.from_cfg(config(tmp_path / 'one', whole)).train()
    parts = whole.replace("['batch_size'] = 4", "['batch_size'] = 2") + SHARDED
    found = in_two(tmp_path / 'two', parts)
    assert not any(isinstance(share, str) for share in found), found
    ours, theirs = (
        load(tmp_path / name / 'work' / 'epoch_1.pth')['state_dict']
        for name in ('two', 'one')
    )
    assert_close(ours, theirs)


def resumed_gradient(rank: int) -> list[float]:
    """What waits in a sharded run behind the file of two processes, of 1 and 3."""
    model = nn.Linear(2, 1, bias=False)
    shard_alone(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    wrapper = OptimWrapper(optimizer, accumulative_counts=2)
    run: Any = SimpleNamespace(
        model=model, optim_wrapper=wrapper, rank=rank, world_size=2,
        logger=SimpleNamespace(info=lambda _: None),
    )  # fmt: skip
    saved = [
        {'counts': [(2, 1)], 'grads': {'weight': torch.full((1, 2), value)}}
        for value in (1.0, 3.0)
    ]
    restore_gradients(run, saved)
    gradient: Any = model.weight.grad
    return gradient.full_tensor().flatten().tolist()


def shard_alone(model: nn.Module) -> None:
    fully_shard(model, mesh=init_device_mesh('cpu', (2,)))


def test_waiting_gradients_of_each_process_become_their_mean(tmp_path: Path) -> None:
    assert in_processes(2, resumed_gradient, tmp_path) == [[2.0, 2.0]] * 2
