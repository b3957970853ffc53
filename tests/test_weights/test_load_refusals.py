"""What the trunk needs and the file lacks is named, and nothing is touched."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from mmadapt.errors import WeightsError
from mmadapt.weights import load_weights

from ..helpers import build_image_vit, build_video_vit
from . import foreign
from .models import same, snapshot, whole_model


def drop(name: str) -> Any:
    return lambda state: {n: t for n, t in state.items() if n != name}


def shrink(name: str) -> Any:
    return lambda state: {**state, name: state[name][..., :-1]}


BROKEN_FILES = {
    'missing': (drop('blocks.1.mlp.fc2.bias'), r'layers\.1\.ffn\.layers\.1\.bias'),
    'shape': (shrink('blocks.0.mlp.fc1.weight'), r'\(96, 48\), in the file \(96, 47\)'),
    'half of qkv': (drop('blocks.0.attn.qkv.weight'), r'layers\.0\.attn\.qkv\.weight'),
    'patch size': (shrink('patch_embed.proj.weight'), r'in the file \(48, 3, 8, 7\)'),
    'another network': (lambda _: {'conv1.weight': torch.zeros(3)}, 'conv1.weight'),
    'one block': (
        lambda state: {n: t for n, t in state.items() if 'blocks.1' not in n},
        r'missing in the file \(12\)',
    ),
    'positions': (
        lambda state: {**state, 'pos_embed': torch.zeros(1, 16, 48)},
        r'pos_embed \(1, 17, 48\), in the file \(1, 16, 48\)',
    ),
}


@pytest.mark.parametrize(('spoil', 'named'), BROKEN_FILES.values(), ids=BROKEN_FILES)
def test_what_the_trunk_lacks_is_named_and_nothing_is_touched(
    spoil: Any, named: str
) -> None:
    model = build_image_vit()
    before = snapshot(model)
    with pytest.raises(WeightsError, match=named):
        load_weights(model, spoil(foreign.timm_state()))
    assert same(model, before)


def test_a_learned_table_that_does_not_fit_a_clip_is_not_passed_over() -> None:
    """The video model could go on with its computed table, and be another model."""
    state = foreign.timm_state()
    state['pos_embed'] = state['pos_embed'][:, :12]
    model = build_video_vit()
    with pytest.raises(WeightsError, match='pos_embed'):
        load_weights(model, state, fresh=['fc_norm'])


def test_half_an_adapter_is_refused() -> None:
    model = whole_model(5)
    state = foreign.official(foreign.timm_state())
    state['blocks.0.adaptmlp.down_proj.weight'] = torch.zeros(8, 48)
    with pytest.raises(WeightsError, match=r'layers\.0\.adapter\.up\.weight'):
        load_weights(model, state)


def test_fc_norm_has_to_be_trained_or_found() -> None:
    state = foreign.pretraining(foreign.videomae_state())
    with pytest.raises(
        WeightsError, match=r"fc_norm\.weight(.|\n)*trainable=\['fc_norm"
    ):
        load_weights(build_video_vit(), state)
    report = load_weights(build_video_vit(), state, fresh='all')
    assert report.fresh == ['fc_norm.weight', 'fc_norm.bias']
    del state['encoder.blocks.0.norm1.bias']
    with pytest.raises(WeightsError, match=r'blocks\.0\.norm1\.bias'):
        load_weights(build_video_vit(), state, fresh='all')
