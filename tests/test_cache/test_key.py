"""What activations depend on is in their key, and nothing else is."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import Compose, RandomApply
from mmengine.config import Config

from mmadapt.cache.key import hash_trunk, make_key
from mmadapt.cache.replay import make_replaying

from .sources import VIT, Noise, make_source

CFG = Config({'model': {'backbone': VIT}, 'train_dataloader': {'dataset': {}}})


def key(source: Any, random: bool = False) -> dict[str, Any]:
    return make_key(CFG, source, 'train', 1, 1, random)


def test_each_precision_is_another_key() -> None:
    source = make_source()
    contexts = [
        partial(torch.autocast, 'cpu', dtype=torch.float16),
        partial(torch.autocast, 'cpu', dtype=torch.bfloat16),
        partial(torch.autocast, 'cpu', enabled=False),
    ]
    found = [key(replace(source, context=one))['precision'] for one in contexts]
    assert found == ['torch.float16', 'torch.bfloat16', 'float32']


def test_the_seed_counts_where_the_pipeline_draws() -> None:
    first = make_source()
    second = replace(first, seed=5)
    assert key(first) == key(second)
    assert key(first, random=True) != key(second, random=True)


def test_trained_statistics_are_no_part_of_the_frozen_trunk() -> None:
    backbone: Any = make_source().boundary.backbone
    before = hash_trunk(backbone)
    backbone.layers[3].adapter.up.weight.data.add_(1)
    assert hash_trunk(backbone) == before
    backbone.register_buffer('statistics', torch.zeros(1))
    backbone.task_stamp.content['trained']['statistics'] = [1]
    assert hash_trunk(backbone) == before
    backbone.layers[0].ffn.layers[1].weight.data.add_(1)
    assert hash_trunk(backbone) != before


def test_another_model_is_another_key_and_another_head_is_not() -> None:
    def config(**changes: Any) -> Config:
        model = {'type': 'ImageClassifier', 'backbone': VIT, **changes}
        return Config({'model': model, 'train_dataloader': {'dataset': {}}})

    source = make_source()

    def made(**changes: Any) -> dict[str, Any]:
        return make_key(config(**changes), source, 'train', 1, 1, False)

    first = made(head={'type': 'A'}, cls_head={'type': 'A'})
    assert made(head={'type': 'B'}) == first
    assert made(backbone={**VIT, 'adapter': None}) == first
    assert made(type='Another') != first
    assert made(resizing=2) != first
    assert made(backbone={**VIT, 'patch_size': 4}) != first


def test_files_that_the_dataset_names_count(tmp_path: Path) -> None:
    file = tmp_path / 'statistics.npy'
    file.write_bytes(b'one')

    def made() -> dict[str, Any]:
        dataset = {'pipeline': [{'a': [str(file)]}]}
        whole = Config({**CFG, 'train_dataloader': {'dataset': dataset}})
        return make_key(whole, make_source(), 'train', 1, 1, False)

    first = made()
    assert made() == first
    os.utime(file, ns=(0, 0))
    assert made() != first


class Step:
    """A step of a pipeline.

    Args:
        option: Of whatever type.
    """

    def __init__(self, option: Any) -> None:
        self.option = option

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        """Do nothing."""
        return results

    def __repr__(self) -> str:
        return f'Step({self.option})'


class Timed(Step):
    """One that keeps what is another thing in each process and run."""

    def __init__(self, option: Any) -> None:
        super().__init__(option)
        self.began, self.generator = time.time(), np.random.default_rng()


class Wrapper:
    """A dataset in another."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)['dataset'], name)

    def __len__(self) -> int:
        """As many."""
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        """The same."""
        return self.dataset[index]


@pytest.mark.parametrize('wrap', [lambda data: data, Wrapper], ids=['bare', 'wrapped'])
def test_the_pipeline_is_the_one_in_memory(wrap: Any) -> None:
    first = key(make_source(dataset=wrap(Noise())))
    assert key(make_source(dataset=wrap(Noise()))) == first
    changed = Noise()
    changed.pipeline.transforms = [Step(1)]
    assert key(make_source(dataset=wrap(changed))) != first


@pytest.mark.parametrize(
    'around', [lambda step: step, lambda step: RandomApply([Compose([step])])]
)
def test_what_a_step_keeps_for_itself_does_not_count(around: Any) -> None:
    """Else nothing would ever be found again."""

    def made(step: Step) -> dict[str, Any]:
        data = Noise()
        data.pipeline.transforms = [around(step)]
        return key(make_source(dataset=data))

    first = made(Timed(1))
    assert made(Timed(1)) == first
    assert made(Timed(2)) != first


def test_code_and_versions_count(monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_source()
    first = key(source)
    code = first['code']
    for name in (
        'tests.test_cache.sources.Noise',
        'mmpretrain.models.classifiers.image.ImageClassifier',
        'mmpretrain.models.utils.data_preprocessor.ClsDataPreprocessor',
        'mmadapt.backbones.image.AdaptFormerViT',
        'mmpretrain.models.backbones.vision_transformer.TransformerEncoderLayer',
    ):
        assert name in code, list(code)
    assert {'cv2', 'mmadapt', 'numpy', 'pillow', 'torch', 'mmengine'} <= set(
        first['versions']
    )
    assert first['device'] == 'cpu'
    make_replaying(source.boundary)
    assert key(source) == first, 'what the cache adds is no other code'
    monkeypatch.setattr(cv2, '__version__', '0')
    assert key(source) != first


def test_what_an_adapter_is_made_of_does_not_count() -> None:
    plain = make_source({'adapter': {'bottleneck': 4, 'layers': [-1]}})
    other = make_source({'adapter': {'bottleneck': 8, 'layers': [-1], 'dropout': 0.5}})
    backbone: Any = other.boundary.backbone
    backbone.layers[3].adapter.add_module('more', torch.nn.Mish())
    assert key(other) == key(plain)


def test_how_exactly_matrices_are_multiplied_counts() -> None:
    source = make_source()
    before = torch.get_float32_matmul_precision()
    first = key(source)
    try:
        torch.set_float32_matmul_precision('medium')
        assert key(source) != first
    finally:
        torch.set_float32_matmul_precision(before)
