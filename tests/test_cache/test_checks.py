"""A prefix that isn't a function of the sample alone is refused, and named."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmpretrain.structures import DataSample, MultiTaskDataSample
from torch import Tensor, nn

from mmadapt.cache.checks import check_dataset, check_norms, check_steady, draws
from mmadapt.errors import ConfigError

from .sources import Noise, make_source

TINY_VIT = {
    'type': 'AdaptedBackbone',
    'backbone': {
        'type': 'TinyViT',
        'arch': {'channels': [16, 32], 'num_heads': [2, 2], 'depths': [1, 2]},
        'img_size': (32, 32),
        'window_size': [4, 4],
        'drop_path_rate': 0.0,
        'out_indices': [1],
    },
    'adapter': {'bottleneck': 4, 'layers': [-1]},
    'init_cfg': {'type': 'RandomTrunk', 'seed': 0},
}


class Functional(nn.Module):
    """Dropout by a float, as attention has it."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Drop some."""
        return nn.functional.dropout(x, self.rate, self.training)


class OwnGenerator(nn.Module):
    """Noise that no generator of the process gives."""

    def __init__(self) -> None:
        super().__init__()
        self.own = torch.Generator().manual_seed(0)

    def forward(self, x: Tensor) -> Tensor:
        """Add noise."""
        return x + torch.rand(x.shape, generator=self.own)


class Mean(nn.Module):
    """Statistics of a class that is no norm."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer('mean', torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Count."""
        if self.training:
            self.mean += 1
        return x


def test_the_same_activations_each_time() -> None:
    source = make_source()
    rows = check_steady(source)
    assert rows.shape == (2, 5, 16)
    assert torch.equal(rows[0], rows[1])


@pytest.mark.parametrize('rate', [0.1, 0.001])
def test_stochastic_depth_is_noticed_however_seldom_it_acts(rate: float) -> None:
    source = make_source({'drop_path_rate': rate})
    for seed in range(20):
        torch.manual_seed(seed)
        with pytest.raises(ConfigError, match=r'layers\.1\..*DropPath\) draws at rand'):
            check_steady(source)


def test_stochastic_depth_behind_the_boundary_may_stay() -> None:
    # The rates rise from 0 in the first block.
    check_steady(make_source({'drop_path_rate': 0.5, 'adapter': {'layers': [1, 2, 3]}}))


def test_stochastic_depth_does_nothing_in_evaluation() -> None:
    check_steady(make_source({'drop_path_rate': 0.5}, training=False))


@pytest.mark.parametrize(
    ('module', 'message'),
    [
        (Functional(1e-6), r'ln1\.1 \(.*Functional\) draws at random'),
        (OwnGenerator(), 'another activation at each pass'),
        (Mean(), r'each pass changes backbone\.layers\.0\.ln1\.1\.mean'),
    ],
    ids=['functional', 'generator', 'statistics'],
)
def test_any_class_is_noticed(module: nn.Module, message: str) -> None:
    source = make_source()
    block: Any = source.boundary.backbone.layers[0]
    block.ln1 = nn.Sequential(block.ln1, module)
    with pytest.raises(ConfigError, match=message):
        check_steady(source)


def test_statistics_that_are_learnt_are_refused_and_put_back() -> None:
    source = make_source({**TINY_VIT, 'norm_eval': False}, Large())
    before = {name: b.clone() for name, b in source.model.named_buffers()}
    with pytest.raises(ConfigError, match=r'patch_embed.*BatchNorm2d.*norm_eval=True'):
        check_steady(source)
    for name, buffer in source.model.named_buffers():
        assert torch.equal(buffer, before[name]), name


def test_fixed_statistics_are_kept() -> None:
    check_steady(make_source(TINY_VIT, Large()))


def test_a_norm_without_statistics_reads_the_batch_in_evaluation_too() -> None:
    source = make_source(training=False)
    block: Any = source.boundary.backbone.layers[0]
    norm = nn.BatchNorm1d(5, affine=False, track_running_stats=False)
    block.ln1 = nn.Sequential(block.ln1, norm)
    batch = source.loader.collate_fn([source.item()] * 2)
    with pytest.raises(ConfigError, match=r'ln1\.1 \(.*BatchNorm1d\)'):
        check_norms(source, batch)


class Large(Noise):
    """The samples that TinyViT takes."""

    def prepare_data(self, idx: int) -> dict[str, Any]:
        """A sample of twice the side."""
        item = super().prepare_data(idx)
        return {**item, 'inputs': item['inputs'].repeat(1, 2, 2)}


class Repeating(Noise):
    """Several draws of a sample at once, as MMAction2's RepeatAugDataset."""

    def prepare_data(self, idx: int) -> Any:
        """A list."""
        item = super().prepare_data(idx)
        return [item, item]


@pytest.mark.parametrize(
    ('dataset', 'message'),
    [
        (Repeating(), r'Repeating gives list for a sample'),
        ([Noise()[0]], r'builtins\.list has no get_data_info'),
    ],
    ids=['several', 'list'],
)
def test_data_that_cannot_be_kept_is_named(dataset: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_dataset(make_source(dataset=dataset))


class Labelled(Noise):
    """Samples of a label of any class.

    Args:
        label: It.
    """

    def __init__(self, label: Any) -> None:
        super().__init__()
        self.label = label

    def prepare_data(self, idx: int) -> Any:
        """A sample."""
        sample = DataSample()
        sample.set_field(self.label, 'instances')
        return {**super().prepare_data(idx), 'data_samples': sample}


class Tasks(Noise):
    """Samples of several tasks."""

    def prepare_data(self, idx: int) -> Any:
        """A sample."""
        sample = MultiTaskDataSample()
        sample.set_field(DataSample().set_gt_label(1), 'colour')
        return {**super().prepare_data(idx), 'data_samples': sample}


class Plain(Noise):
    """Samples that are no samples."""

    def prepare_data(self, idx: int) -> Any:
        """A sample."""
        return {**super().prepare_data(idx), 'data_samples': {'gt_label': 1}}


@pytest.mark.parametrize(
    ('dataset', 'message'),
    [
        (Labelled(InstanceData(a=torch.zeros(1))), r'Labelled: instances: .*Instance'),
        (Tasks(), r'Tasks: colour: .*DataSample'),
        (Plain(), r'Plain gives builtins\.dict in data_samples'),
    ],
    ids=['instances', 'tasks', 'dict'],
)
def test_labels_that_would_be_lost_are_named(dataset: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_dataset(make_source(dataset=dataset))


@pytest.mark.parametrize(
    'label', [3, 'a', [(1, 2.5)], np.zeros((2, 0)), OrderedDict(a=1)], ids=repr
)
def test_plain_labels_are_kept(label: Any) -> None:
    check_dataset(make_source(dataset=Labelled(label)))


def test_what_draws_is_known_by_the_generators() -> None:
    assert draws(make_source(dataset=Noise(noise=True)))
    assert not draws(make_source(dataset=Noise()))
