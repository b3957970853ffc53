"""Hooks and samplers that kept activations would undo are refused by class."""

from __future__ import annotations

import sys

import pytest
from mmengine.dataset import DefaultSampler
from mmengine.hooks import Hook
from mmpretrain.datasets.samplers import RepeatAugSampler
from mmpretrain.engine.hooks import SwitchRecipeHook
from torch.utils.data import BatchSampler, DataLoader, Sampler

from mmadapt.cache.refused import check_hooks, check_sampler
from mmadapt.errors import ConfigError

from .sources import Noise


class Derived(SwitchRecipeHook):
    """A user's own."""


class SwitchRecipeHookOfAnotherKind(Hook):
    """Another hook, whose name alone is like that one."""


@pytest.mark.parametrize('kind', [SwitchRecipeHook, Derived])
def test_a_hook_that_sets_another_pipeline_is_named(
    kind: type[SwitchRecipeHook],
) -> None:
    with pytest.raises(ConfigError, match=rf'\.{kind.__name__} sets another pipeline'):
        check_hooks([Hook(), kind(schedule=[{'action_epoch': 2}])])


def test_other_hooks_may_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    check_hooks([Hook(), SwitchRecipeHookOfAnotherKind()])
    monkeypatch.delitem(sys.modules, 'mmpretrain.engine.hooks')
    check_hooks([Hook()])


@pytest.mark.parametrize('batches', [False, True])
def test_a_sampler_that_repeats_is_named(batches: bool) -> None:
    def loader(sampler: Sampler[int]) -> DataLoader[object]:
        if batches:
            batch_sampler = BatchSampler(sampler, 2, False)
            return DataLoader(Noise(), batch_sampler=batch_sampler)
        return DataLoader(Noise(), batch_size=2, sampler=sampler)

    with pytest.raises(ConfigError, match=r'\.RepeatAugSampler gives a sample several'):
        check_sampler(loader(RepeatAugSampler(Noise())))
    check_sampler(loader(DefaultSampler(Noise())))
