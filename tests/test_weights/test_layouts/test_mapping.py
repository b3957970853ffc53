"""Names of a model are found for the tensors of a file, the head's too."""

from __future__ import annotations

import pytest
import torch

from mmadapt.weights.layouts import map_names

from ...helpers import build_image_vit, build_video_vit
from .. import foreign


@pytest.mark.parametrize(
    'head', ['head.fc', 'head.layers.head', 'cls_head.fc', 'cls_head.fc_cls']
)
def test_a_head_goes_where_the_model_has_one(head: str) -> None:
    names = {f'backbone.{name}' for name in build_image_vit().state_dict()}
    names |= {f'{head}.weight', f'{head}.bias'}
    state = foreign.timm_state()
    layout, mapped, left = map_names(state, names, 'backbone.')
    assert layout == 'timm'
    assert left == []
    assert mapped.keys() == names
    assert mapped[f'{head}.weight'].tensor is state['head.weight']


def test_fused_biases_are_cut_into_q_and_v() -> None:
    state = foreign.timm_state()
    _, mapped, left = map_names(state, build_video_vit().state_dict(), '')
    bias = state['blocks.1.attn.qkv.bias']
    assert torch.equal(mapped['blocks.1.attn.q_bias'].tensor, bias[:48])
    assert torch.equal(mapped['blocks.1.attn.v_bias'].tensor, bias[96:])
    assert set(left) == {
        'cls_token',
        'norm.weight',
        'norm.bias',
        'head.weight',
        'head.bias',
    }


def test_names_of_the_model_itself_are_kept() -> None:
    state = {'module.backbone.a.weight': torch.ones(1), 'b': torch.ones(1)}
    layout, mapped, left = map_names(state, {'a.weight', 'c'}, '')
    assert layout == 'the names of the model'
    assert mapped['a.weight'].origin == 'module.backbone.a.weight'
    assert left == ['b']
