"""RevViT: autograd in the place of upstream's own backward pass, and its dice."""

from __future__ import annotations

import copy

import pytest
import torch
from mmpretrain.models.backbones.revvit import RevTransformerEncoderLayer

import mmadapt
from mmadapt.adapters import Adapter
from tests.helpers import feature, image_input, randomise
from tests.host_cases.image_revvit import build


def still(layer: RevTransformerEncoderLayer, key: str) -> None:
    """Upstream's ``seed_cuda`` with a seed that doesn't change."""
    layer.seeds[key] = len(key)
    torch.manual_seed(len(key))


def test_upstreams_backward_pass_is_off_where_it_would_be_wrong() -> None:
    adapted = mmadapt.adapt(build(), {'bottleneck': 4})
    assert adapted.no_custom_backward is True
    assert mmadapt.adapt(build(), None, trainable=['layers.1']).no_custom_backward
    assert mmadapt.adapt(build(), None).no_custom_backward is False  # nothing learns
    assert mmadapt.adapt(build(), None, trainable='all').no_custom_backward is False


def test_a_prefix_learns_behind_the_frozen_stem() -> None:
    model = mmadapt.adapt(build(), None, trainable=['layers.1'])
    model.train()
    feature(model(image_input())).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert (parameter.grad is not None) is name.startswith('layers.1.'), name


@pytest.mark.parametrize('rate', [0.0, 0.5])
def test_training_drops_what_upstream_drops(
    rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RevTransformerEncoderLayer, 'seed_cuda', still)
    base = build(drop_path_rate=rate, drop_rate=0.1, no_custom_backward=True)
    base.requires_grad_(False)
    adapter = {'bottleneck': 4, 'branch': 'both'}
    adapted = mmadapt.adapt(copy.deepcopy(base), adapter)
    outputs = []
    for model in (base, adapted):
        model.train()
        torch.manual_seed(0)
        with torch.no_grad():
            outputs.append(feature(model(image_input(batch=8))))
    assert torch.equal(*outputs)
    for module in adapted.modules():
        if isinstance(module, Adapter):
            randomise(module)
    torch.manual_seed(0)
    assert not torch.equal(feature(adapted(image_input(batch=8))), outputs[0])
