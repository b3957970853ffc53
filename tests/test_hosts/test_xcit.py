"""Class attention of XCiT: what its two forms compute, with and without dropping."""

from __future__ import annotations

import copy

import pytest
import torch
from mmcv.cnn.bricks.drop import DropPath
from mmpretrain.models.backbones.xcit import ClassAttentionBlock
from torch import nn

import mmadapt
from tests.helpers import feature, image_input, randomise
from tests.host_cases.image_xcit import build

from .contract import unlike


def block(tokens_norm: bool, drop_path: float = 0.0) -> nn.Module:
    made = ClassAttentionBlock(48, 4, tokens_norm=tokens_norm, drop_path=drop_path)
    return unlike(made).requires_grad_(False)


@pytest.mark.parametrize('tokens_norm', [False, True])
def test_the_adapter_is_the_class_tokens(tokens_norm: bool) -> None:
    base = block(tokens_norm).eval()
    adapted = mmadapt.adapt(nn.Sequential(copy.deepcopy(base)), {'bottleneck': 8})
    x = torch.randn(2, 5, 48)
    with torch.no_grad():
        expected = base(x)
        assert torch.equal(adapted(x), expected)
        randomise(adapted[0].adapter)
        normed = base.norm1(x)
        y = x[:, :1] + base.gamma1 * base.attn(normed)
        token = base.norm2(y)
        expected[:, :1] += adapted[0].adapter(token)
        torch.testing.assert_close(adapted(x), expected)


@pytest.mark.parametrize('tokens_norm', [False, True])
def test_samples_are_dropped_as_upstream_drops_them(tokens_norm: bool) -> None:
    base = block(tokens_norm, drop_path=0.5)
    assert isinstance(base.drop_path, DropPath)
    adapter = {'bottleneck': 8, 'branch': 'both'}
    adapted = mmadapt.adapt(nn.Sequential(copy.deepcopy(base)), adapter)
    x = torch.randn(8, 5, 48)
    outputs = []
    for model in (base, adapted):
        model.train()
        torch.manual_seed(0)
        with torch.no_grad():
            outputs.append(model(x))
    assert torch.equal(*outputs)


def test_the_trunk_alone_takes_adapters_by_first() -> None:
    """Where the class token is not read, the blocks behind the trunk have no say."""
    adapter = {'bottleneck': 8, 'layers': {'first': 2}}
    model = mmadapt.adapt(build(out_type='avg_featmap'), adapter)
    assert not any(hasattr(ca, 'adapter') for ca in model.ca_layers)
    feature(model(image_input())).sum().backward()
    trained = [p for p in model.parameters() if p.requires_grad]
    assert trained and all(p.grad is not None for p in trained)
