"""Every layout's table can be read both ways, and says what the classes say."""

from __future__ import annotations

import pytest

from mmadapt.weights.layouts import LAYOUTS, MMACTION, MMPRETRAIN, TIMM, Layout

from ...helpers import build_image_vit, build_video_vit
from .. import foreign


@pytest.mark.parametrize('layout', LAYOUTS, ids=lambda layout: layout.name)
@pytest.mark.parametrize('name', [*foreign.timm_state(), *foreign.videomae_state()])
def test_there_and_back(layout: Layout, name: str) -> None:
    assert layout.neutral(layout.own(name)) == name


def test_names_of_the_libraries_own_classes() -> None:
    trunk = [n for n in foreign.timm_state() if not n.startswith('head')]
    assert {MMPRETRAIN.own(name) for name in trunk} == set(
        build_image_vit().state_dict()
    )
    video = [n for n in foreign.videomae_state() if not n.startswith('head')]
    assert {MMACTION.own(name) for name in video} | {'pos_embed'} == set(
        build_video_vit().state_dict()
    )


def test_layer_scale() -> None:
    scaled = build_image_vit(layer_scale_init_value=0.1).state_dict()
    assert MMPRETRAIN.own('blocks.1.ls1.gamma') in scaled
    assert MMPRETRAIN.own('blocks.1.ls2.gamma') in scaled
    clips = build_video_vit(init_values=0.1).state_dict()
    assert MMACTION.own('blocks.1.ls1.gamma') in clips
    assert MMACTION.own('blocks.1.ls2.gamma') in clips


def test_beginnings_end_at_a_dot() -> None:
    assert MMPRETRAIN.own('normal.weight') == 'normal.weight'
    assert MMPRETRAIN.own('blocks.0.norm1x.weight') == 'layers.0.norm1x.weight'
    assert MMPRETRAIN.own('blocks.relative') == 'blocks.relative'
    assert TIMM.own('anything.at.all') == 'anything.at.all'
