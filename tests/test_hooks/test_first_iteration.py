"""Planted faults of training: each stops the run, with the names."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import nn
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader

from mmadapt.errors import FrozenTrunkError
from mmadapt.hooks import FrozenTrunkHook
from mmadapt.hooks import first_iteration as module
from mmadapt.optim import TrainableOptimWrapperConstructor

from ..test_weights.test_stamp import build

IMAGES = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def runner(model: nn.Module, optimizer: torch.optim.Optimizer | None = None) -> Any:
    """What the hook reads of a runner, with an optimizer over what trains."""
    kind = {'type': 'SGD', 'lr': 0.1, 'momentum': 0.9}
    if optimizer is None:
        wrapper = TrainableOptimWrapperConstructor({'optimizer': kind})(model)
    else:
        wrapper = OptimWrapper(optimizer)
    name = TrainableOptimWrapperConstructor.__name__
    return SimpleNamespace(
        model=model,
        optim_wrapper=wrapper,
        cfg={'optim_wrapper': {'constructor': name}},
        train_dataloader=DataLoader(list(range(8)), batch_size=4, drop_last=True),
        logger=logging.getLogger('test'),
    )


def iterate(hook: FrozenTrunkHook, run: Any, loss: torch.Tensor | None = None) -> None:
    """One iteration: forward, backward, update, and the hook."""
    model = run.model
    model.train()
    if loss is None:
        loss = model(IMAGES)[0].square().sum()
    run.optim_wrapper.update_params(loss)
    hook.after_train_iter(run, 0, None, None)


def started(model: nn.Module, **options: Any) -> tuple[FrozenTrunkHook, Any]:
    hook, run = FrozenTrunkHook(), runner(model, **options)
    hook.before_train(run)
    return hook, run


def test_a_sound_run_passes_and_is_watched_no_longer() -> None:
    hook, run = started(build())
    iterate(hook, run)
    assert hook.first is not None and hook.first.done and not hook.first.handles
    iterate(hook, run)
    hook.after_train(run)
    assert hook.checks == 1 and hook.seconds > 0


def test_full_fine_tuning_passes() -> None:
    hook, run = started(build(adapter=None, trainable='all'))
    iterate(hook, run)
    hook.after_train(run)


def test_a_re_entrant_checkpoint_around_the_blocks() -> None:
    """Behind a frozen stem nothing inside one requires a gradient."""
    model = build()
    for layer in model.backbone.layers:
        forward = layer.forward
        layer.forward = lambda x, f=forward: checkpoint(f, x, use_reentrant=True)
    hook, run = started(model)
    head = next(model.head.parameters())
    loss = model(IMAGES)[0].sum() + head.sum()
    with pytest.raises(FrozenTrunkError, match=r'8 of 8 adapter parameters got no'):
        iterate(hook, run, loss)


def bypassed(trainable: Any, **options: Any) -> tuple[FrozenTrunkHook, Any]:
    """The MLP of the last layer is left out; its norm has no way to the loss."""
    model = build(trainable=trainable, **options)
    layer = model.backbone.layers[1]
    layer.forward = lambda x: x + layer.attn(layer.ln1(x))
    return started(model)


def test_a_named_prefix_that_gets_no_gradient() -> None:
    hook, run = bypassed(['layers.1'], adapter=None)
    named = r'6 of 12 parameters that `trainable` names got no .*layers\.1\.ln2\.weight'
    with pytest.raises(FrozenTrunkError, match=named):
        iterate(hook, run)


@pytest.mark.parametrize('place', ['config', 'wrapper', 'whole'])
def test_parameters_that_may_be_unused_are_written_down(
    place: str, caplog: pytest.LogCaptureFixture
) -> None:
    hook, run = bypassed('all' if place == 'whole' else ['layers.1'], adapter=None)
    unused = {'find_unused_parameters': True}
    if place == 'config':
        run.cfg.update(unused)
    elif place == 'wrapper':
        run.cfg['model_wrapper_cfg'] = unused
    iterate(hook, run)
    assert 'backbone.layers.1.ln2.weight' in caplog.text
    assert hook.first is not None and hook.first.done


def test_adapters_may_never_be_unused() -> None:
    hook, run = bypassed((), adapter={'bottleneck': 4})
    run.cfg['find_unused_parameters'] = True
    with pytest.raises(FrozenTrunkError, match='4 of 8 adapter parameters got no'):
        iterate(hook, run)


def test_a_named_parameter_whose_gradient_is_not_finite() -> None:
    hook, run = started(build(adapter=None, trainable=['ln1']))
    with pytest.raises(FrozenTrunkError, match=r'2 of 2 .*not finite.*backbone\.ln1'):
        iterate(hook, run, run.model(IMAGES)[0].sum() * float('inf'))


def test_an_optimizer_without_a_named_prefix() -> None:
    model = build(adapter=None, trainable=['ln1'])
    head = torch.optim.SGD(model.head.parameters(), lr=0.1)
    with pytest.raises(FrozenTrunkError, match='2 of 2 .*`trainable` names are in no'):
        started(model, optimizer=head)


def test_one_adapter_that_is_bypassed() -> None:
    """As a fused projection bypasses a wrapper: the weights are read, not called."""
    model = build()
    block = model.backbone.layers[1]
    block.close_mlp = lambda x, h, normed: x + h
    hook, run = started(model)
    with pytest.raises(
        FrozenTrunkError, match=r'4 of 8 .*backbone\.layers\.1\.adapter\.down\.weight'
    ):
        iterate(hook, run)


def test_a_detached_branch() -> None:
    model = build()
    adapter = model.backbone.layers[0].adapter
    forward = adapter.forward
    adapter.forward = lambda x: forward(x).detach()
    hook, run = started(model)
    with pytest.raises(FrozenTrunkError, match='4 of 8 adapter parameters'):
        iterate(hook, run)


def test_a_gradient_that_is_not_finite() -> None:
    hook, run = started(build())
    with pytest.raises(FrozenTrunkError, match='8 of 8 .* not finite'):
        iterate(hook, run, run.model(IMAGES)[0].sum() * float('inf'))


def test_a_loss_scale_may_look_for_its_level_and_not_for_ever() -> None:
    hook, run = started(build())
    run.optim_wrapper.loss_scaler = object()
    run.optim_wrapper.step = lambda **_: None  # as a scaler skips it
    for _ in range(module.PATIENCE - 1):
        iterate(hook, run, run.model(IMAGES)[0].sum() * float('inf'))
    with pytest.raises(FrozenTrunkError, match='not finite'):
        iterate(hook, run, run.model(IMAGES)[0].sum() * float('inf'))


def test_a_loss_scale_takes_the_gradients_of_parts_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, 'is_sharded', lambda model: True)
    hook, run = started(build())
    step = run.optim_wrapper.step
    run.optim_wrapper.loss_scaler = object()
    run.optim_wrapper.step = lambda **_: None  # as a scaler skips it
    for _ in range(3):
        iterate(hook, run)
        assert hook.first is not None and not hook.first.done
    run.optim_wrapper.step = step
    iterate(hook, run)
    assert hook.first.done and len(hook.first.finite) == 8


@pytest.mark.parametrize('name', ['backbone.layers.0.ln1.weight', 'backbone.cls_token'])
def test_a_frozen_parameter_that_was_thawed(name: str) -> None:
    model = build()
    model.get_parameter(name).requires_grad_(True)
    with pytest.raises(
        FrozenTrunkError, match=f'trains is by its config frozen.*{name[9:]}'
    ):
        started(model)


def test_an_adapter_that_was_frozen() -> None:
    model = build()
    model.backbone.layers[1].adapter.up.bias.requires_grad_(False)
    with pytest.raises(FrozenTrunkError, match=r'is frozen is by its config to train'):
        started(model)


def test_an_optimizer_built_before_the_adapters() -> None:
    model = build()
    head = torch.optim.SGD(model.head.parameters(), lr=0.1)
    with pytest.raises(FrozenTrunkError, match='8 of 8 .* in no group'):
        started(model, optimizer=head)


def test_an_optimizer_that_takes_the_trunk_along() -> None:
    model = build()
    everything = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(FrozenTrunkError, match='frozen parameters are in the opt'):
        started(model, optimizer=everything)
    run = runner(model, everything)
    run.cfg = {'optim_wrapper': {}}  # MMEngine's own constructor does that
    hook = FrozenTrunkHook()
    hook.before_train(run)
    iterate(hook, run)


@pytest.mark.parametrize('what', ['a gradient', 'a state in the optimizer'])
def test_a_frozen_parameter_that_is_trained_behind_our_back(what: str) -> None:
    hook, run = started(build())
    victim = run.model.backbone.patch_embed.projection.weight
    if what == 'a gradient':
        victim.grad = torch.zeros_like(victim)
    else:
        run.optim_wrapper.optimizer.state[victim]['momentum_buffer'] = victim * 0
    with pytest.raises(FrozenTrunkError, match=f'{what}.*patch_embed.projection'):
        iterate(hook, run)


def test_nothing_is_saved_of_a_trunk_that_changed() -> None:
    hook, run = started(build())
    iterate(hook, run)
    hook.before_save_checkpoint(run, {})
    with torch.no_grad():
        run.model.backbone.pos_embed += 1e-6
    with pytest.raises(FrozenTrunkError, match=r'1 of 30 .*backbone\.pos_embed'):
        hook.before_save_checkpoint(run, {})
