"""Faults of the field, planted in small models; each is caught and named."""

from __future__ import annotations

import importlib
from types import MethodType
from typing import Any

import pytest
import torch
from torch import nn

from mmadapt.adapters import AdaptMLP
from mmadapt.errors import FrozenTrunkError
from mmadapt.hooks import FrozenTrunkHook

from ..test_weights import models
from ..test_weights.test_stamp import build
from .test_first_iteration import IMAGES, iterate, runner, started


class WrappedProjection(nn.Linear):
    """A projection with an adapter beside it, in the manner of LoRA."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x) + self.adapter(x)


def wrap_qkv(backbone: nn.Module, attention: str) -> str:
    """Wrap the q, k, v projection of an attention; returns the adapter's name."""
    module = backbone.get_submodule(attention).qkv
    adapter = AdaptMLP(48, bottleneck=4)
    adapter.up = nn.Linear(4, 3 * 48)
    module.__class__ = WrappedProjection
    module.adapter = adapter
    name = f'{attention}.qkv.adapter'
    for child, parameter in adapter.named_parameters():
        backbone.task_stamp.content['trained'][f'{name}.{child}'] = parameter.shape
    return name


def test_a_fused_projection_reads_the_weights_and_bypasses_the_wrapper() -> None:
    """As in VideoMAE's attention: ``F.linear(x, self.qkv.weight)``."""
    options: dict[str, Any] = {
        'adapter': {'bottleneck': 4},
        'init_cfg': {'type': 'RandomTrunk', 'seed': 0},
    }
    model = models.build(models.video_model(None, **options))
    name = wrap_qkv(model.backbone, 'blocks.1.attn')
    hook, run = started(model)
    clips = torch.randn(2, 3, 4, 32, 32)
    loss = model.cls_head.fc(model.backbone(clips)).square().sum()
    with pytest.raises(FrozenTrunkError, match=rf'got no gradient.*{name}\.down'):
        iterate(hook, run, loss)


def test_a_prefix_that_thaws_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefixes that do not end at a dot: 'layers.1' would thaw 'layers.10' too."""

    def careless(name: str, trainable: Any, adapters: Any = ()) -> bool:
        return name.startswith((*trainable, *adapters))

    module = importlib.import_module('mmadapt.adapt')  # the package has the function
    monkeypatch.setattr(module, 'is_trained', careless)
    model = build(trainable=['layers.0.ln'])
    monkeypatch.undo()
    with pytest.raises(FrozenTrunkError, match=r'trains is by .*layers\.0\.ln1\.weigh'):
        started(model)


class OwnNorm(nn.Module):
    """Keeps statistics, and is no BatchNorm layer of torch's that could be fixed."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer('running_mean', torch.zeros(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.running_mean.lerp_(x.mean((0, 2, 3)), 0.1)
        return x


def test_a_norm_that_drifts_in_the_trunk() -> None:
    model = build()
    patches = model.backbone.patch_embed
    patches.bn = OwnNorm()
    forward = patches.forward
    patches.forward = MethodType(lambda self, x: forward(self.bn(x)), patches)
    hook, run = FrozenTrunkHook(), runner(model)
    hook.before_train(run)
    iterate(hook, run)
    with pytest.raises(FrozenTrunkError, match=r'backbone\.patch_embed\.bn\.running_m'):
        hook.after_train(run)
    assert IMAGES.shape[0] > 1


def test_a_buffer_that_no_state_dict_holds() -> None:
    model = build()
    model.backbone.register_buffer('table', torch.zeros(3), persistent=False)
    hook, run = started(model)
    model.backbone.table += 1
    with pytest.raises(FrozenTrunkError, match=r'backbone\.table'):
        hook.before_save_checkpoint(run, {})


def test_a_frozen_part_outside_the_backbone() -> None:
    model = build()
    model.head.fc.bias.requires_grad_(False)
    hook, run = started(model)
    iterate(hook, run)
    with torch.no_grad():
        model.head.fc.bias += 1
    with pytest.raises(FrozenTrunkError, match=r'head\.fc\.bias'):
        hook.after_train(run)


def test_while_gradients_are_accumulated_the_check_waits() -> None:
    """A state in the optimizer is there behind the first update only."""
    hook, run = started(build())
    run.optim_wrapper._accumulative_counts = 2
    iterate(hook, run)
    assert hook.first is not None and not hook.first.done
    victim = run.model.backbone.cls_token
    run.optim_wrapper.optimizer.state[victim]['momentum_buffer'] = victim * 0
    with pytest.raises(FrozenTrunkError, match='a state in the optimizer.*cls_token'):
        iterate(hook, run)
