"""FrozenTrunkHook stops what must not happen, and says what trains."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.model import convert_sync_batchnorm, revert_sync_batchnorm
from mmengine.optim import OptimWrapper
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.data import DataLoader

from mmadapt.backbones.trunk import adapt_backbone
from mmadapt.errors import DataError, FrozenTrunkError
from mmadapt.hooks import FrozenTrunkHook
from mmadapt.hooks.frozen_trunk import frozen_tensors
from mmadapt.hooks.start import start_line

from ..tasks import write_trunk
from ..test_weights.test_stamp import build


def runner(model: nn.Module, samples: int = 8, batch: int = 4) -> Any:
    loader = DataLoader(list(range(samples)), batch_size=batch, drop_last=True)
    return SimpleNamespace(
        model=model,
        train_dataloader=loader,
        logger=logging.getLogger('test'),
        optim_wrapper=OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1)),
        cfg={},
    )


def test_every_tensor_of_the_trunk_is_watched_and_no_other() -> None:
    model = build()
    watched = {name for name, _ in frozen_tensors(model)}
    parameters = {n for n, p in model.named_parameters() if not p.requires_grad}
    assert watched == parameters


def test_training_the_adapters_passes() -> None:
    model = build()
    hook, run = FrozenTrunkHook(), runner(model)
    hook.before_train(run)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(1)
    hook.after_train(run)


@pytest.mark.parametrize('bump', [1e-7, float('nan')])
def test_the_smallest_change_of_the_trunk_is_named(bump: float) -> None:
    model = build()
    hook, run = FrozenTrunkHook(), runner(model)
    hook.before_train(run)
    with torch.no_grad():
        model.backbone.layers[1].ln2.bias[3] += bump
    with pytest.raises(FrozenTrunkError, match=r'1 of 30.*backbone\.layers\.1\.ln2\.b'):
        hook.after_train(run)


def test_a_drifting_buffer_is_named() -> None:
    class WithNorm(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = build().backbone
            self.backbone.register_buffer('statistic', torch.zeros(2))

    model = WithNorm()
    hook, run = FrozenTrunkHook(), runner(model)
    hook.before_train(run)
    model.backbone.statistic += 1
    with pytest.raises(FrozenTrunkError, match=r'backbone\.statistic'):
        hook.after_train(run)


@pytest.mark.parametrize('replace', [convert_sync_batchnorm, revert_sync_batchnorm])
@pytest.mark.parametrize('norm_eval', [True, False])
def test_norms_that_mmengine_replaces_stay_fixed(replace: Any, norm_eval: bool) -> None:
    from tests.host_cases.image_tinyvit import build as build_tinyvit

    tinyvit = build_tinyvit()
    if replace is revert_sync_batchnorm:
        tinyvit = convert_sync_batchnorm(tinyvit)
    origin = {'type': 'RandomTrunk'}
    tinyvit = adapt_backbone(tinyvit, {'bottleneck': 4}, ['norm2'], norm_eval, origin)
    model = nn.Sequential(tinyvit, nn.BatchNorm1d(48))
    replace(model)
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    hook, run = FrozenTrunkHook(), runner(model)
    hook.before_train(run)
    model.train()
    assert len(norms) > 10
    assert {norm.training for norm in norms[:-1]} == {not norm_eval}
    assert norms[-1].training


def test_full_fine_tuning_has_nothing_frozen() -> None:
    model = build(adapter=None, trainable='all')
    assert list(frozen_tensors(model)) == []
    hook, run = FrozenTrunkHook(), runner(model)
    hook.before_train(run)
    hook.after_train(run)


@pytest.mark.parametrize('point', ['before_train', 'before_val', 'before_test'])
def test_a_trunk_without_weights_is_refused(point: str) -> None:
    run = runner(build(init_cfg=None))
    with pytest.raises(FrozenTrunkError, match='backbone has no weights'):
        getattr(FrozenTrunkHook(), point)(run)


def test_less_than_a_batch_is_refused() -> None:
    with pytest.raises(DataError, match='3 samples, less than one batch of 4'):
        FrozenTrunkHook().before_train(runner(build(), samples=3))


def test_a_plain_model_is_left_alone() -> None:
    hook, run = FrozenTrunkHook(), runner(nn.Linear(2, 2))
    hook.before_train(run)
    hook.after_train(run)


def test_the_start_line(tmp_path: Path) -> None:
    trunk = write_trunk(tmp_path / 'trunk.pth')
    init_cfg = {'type': 'PretrainedTrunk', 'checkpoint': str(trunk)}
    model = build(init_cfg=init_cfg)
    line = start_line(model)
    fingerprint = model.backbone.task_stamp.record.fingerprint[:8]
    assert line.startswith('trainable 0.0018 M of ')
    assert line.endswith(f'trunk.pth, fingerprint {fingerprint}, coverage 30/30')
