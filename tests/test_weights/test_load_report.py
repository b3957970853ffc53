"""What a load reports, records and logs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from mmengine.logging import MMLogger

from mmadapt.weights import load_weights

from ..helpers import build_image_vit, build_video_vit
from . import foreign
from .models import whole_model
from .test_load import IMAGE_FILES


def test_a_head_of_another_task_stays_out() -> None:
    model = whole_model(5)
    report = load_weights(model, foreign.timm_state())  # 10 classes
    assert 'head.weight' in report.unexpected
    assert 'head.fc.weight' in report.fresh
    assert 'backbone.layers.0.adapter.down.weight' in report.fresh


def test_a_file_in_half_precision_is_cast_but_hashed_as_it_is() -> None:
    state = foreign.timm_state()
    half = {name: tensor.half() for name, tensor in state.items()}
    model = build_image_vit()
    record = load_weights(model, half).record
    assert model.cls_token.dtype == torch.float32
    assert torch.equal(model.cls_token, half['cls_token'].float())
    assert record.fingerprint != load_weights(model, state).record.fingerprint


def test_what_is_fresh_is_loaded_where_the_file_has_it_but_not_recorded() -> None:
    state = foreign.videomae_state()
    model = build_video_vit()
    record = load_weights(model, state, fresh=['fc_norm']).record
    assert torch.equal(model.fc_norm.weight, state['fc_norm.weight'])
    assert 'fc_norm.weight' not in record.tensors
    assert 'blocks.0.attn.q_bias' in record.tensors


def test_the_fingerprint_is_of_the_weights_not_of_the_layout() -> None:
    state = foreign.timm_state()
    prints = set()
    for wrap in IMAGE_FILES.values():
        prints.add(load_weights(build_image_vit(), wrap(state)).record.fingerprint)
    larger = build_image_vit(img_size=64)  # its position table is resized
    prints.add(load_weights(larger, state).record.fingerprint)
    prints.add(load_weights(whole_model(5), state).record.fingerprint)
    assert len(prints) == 1
    state['blocks.1.norm2.bias'][3] += 1e-6
    assert load_weights(larger, state).record.fingerprint not in prints


def test_a_table_computed_by_the_model_is_not_taken_nor_recorded() -> None:
    donor = build_video_vit(num_frames=8)
    model = build_video_vit()
    table = model.pos_embed.clone()
    record = load_weights(model, donor.state_dict()).record
    assert torch.equal(model.pos_embed, table)
    assert 'pos_embed' not in record.tensors


@pytest.mark.parametrize(
    ('build', 'state', 'warned'),
    [
        (build_image_vit, foreign.timm_state(), False),
        (build_image_vit, foreign.official(foreign.timm_state()), False),
        (lambda: build_video_vit(depth=1), foreign.videomae_state(), True),
        (lambda: build_video_vit(qkv_bias=False), foreign.videomae_state(), True),
        (lambda: build_image_vit(qkv_bias=False), foreign.timm_state(), True),
        (
            build_image_vit,
            {**foreign.timm_state(), 'blocks.1.adapter.down.weight': torch.zeros(1)},
            True,
        ),
        (build_image_vit, {**foreign.timm_state(), 'reg_token': torch.zeros(1)}, True),
        (
            build_image_vit,
            {**foreign.timm_state(), 'mask_token': torch.zeros(1)},
            False,
        ),
    ],
)
def test_more_trunk_in_the_file_than_in_the_model_is_said(
    build: Any, state: Any, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    model = build()
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    try:
        load_weights(model, state)
    finally:
        logger.removeHandler(caplog.handler)
    assert ('no place for' in caplog.text) == warned
