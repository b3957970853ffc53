"""A backbone goes on from kept activations, of whichever set they are."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from mmpretrain.models.utils import ClsDataPreprocessor
from torch import Tensor, nn

from mmadapt.cache.replay import let_by, make_replaying
from mmadapt.errors import ConfigError

from .sources import make_source


def test_the_stem_reads_zeros_of_the_type_of_its_input() -> None:
    bfloat16 = partial(torch.autocast, 'cpu', dtype=torch.bfloat16)
    source = make_source(context=bfloat16)
    backbone: Any = source.boundary.backbone
    source.rows(source.loader.collate_fn([source.item()]), 1)
    make_replaying(source.boundary)
    read: list[Tensor] = []
    backbone.patch_embed.register_forward_pre_hook(lambda _, args: read.append(args[0]))
    with source.context():
        backbone(torch.zeros(2, 5, 16, dtype=torch.bfloat16))
    assert [(x.dtype, tuple(x.shape)) for x in read] == [
        (torch.float32, (1, 3, 16, 16))
    ]


def test_each_set_may_have_a_size_of_its_own() -> None:
    source = make_source({'adapter': None})
    boundary = source.boundary
    boundary.inputs = {
        (5, 16): ((3, 16, 16), torch.float32),
        (10, 16): ((3, 32, 32), torch.float32),
    }
    make_replaying(boundary)
    for tokens in (5, 10):
        kept = torch.randn(2, tokens, 16)
        output: Any = boundary.backbone(kept)
        assert output is kept


def test_activations_of_the_shape_of_an_input_are_refused() -> None:
    source = make_source()
    source.boundary.inputs = {(3, 16, 16): ((3, 16, 16), torch.float32)}
    with pytest.raises(ConfigError, match=r'the same shape, \(3, 16, 16\)'):
        make_replaying(source.boundary)


class OneHot(nn.Module):
    """A preprocessor that may keep its labels to itself."""

    to_onehot = True


def test_one_hot_labels_are_kept_where_they_are_written_into_the_samples() -> None:
    let_by(ClsDataPreprocessor(to_onehot=True, num_classes=2))
    with pytest.raises(ConfigError, match=r'to_onehot: .*\.OneHot writes its labels'):
        let_by(OneHot())
