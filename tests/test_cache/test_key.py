"""What activations depend on is in their key, and nothing else is."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config

from mmadapt.cache.key import describe, hash_trunk, make_key

from .sources import VIT, make_source

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


def test_a_file_that_is_written_again_is_another_one(tmp_path: Path) -> None:
    file = tmp_path / 'frames' / '1.jpg'
    file.parent.mkdir()
    file.write_bytes(b'one')
    for place in (file, file.parent):
        before = describe(str(place))
        os.utime(file, ns=(0, file.stat().st_mtime_ns + 10**9))
        assert describe(str(place)) != before, place


@pytest.mark.parametrize('text', ['a label', '', 'x' * 5000, 'null\0byte', 3])
def test_what_is_no_file_is_itself(text: Any) -> None:
    assert describe(text) == str(text)
