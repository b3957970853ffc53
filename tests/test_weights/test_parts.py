"""Trunk, adapters, trained parts, tables and heads are told apart."""

from __future__ import annotations

from torch import nn

from mmadapt.weights.parts import split

from ..helpers import build_image_vit, build_video_vit
from .models import whole_model


def test_every_tensor_is_in_one_part() -> None:
    model = whole_model(5)
    parts = split(model, fresh=['ln1'])
    kinds = [
        parts.required,
        parts.fresh,
        parts.adapters,
        parts.buffers,
        parts.outside,
    ]
    names = [name for kind in kinds for name in kind]
    assert sorted(names) == sorted(model.state_dict())
    assert parts.prefix == 'backbone.'
    assert parts.fresh == ['backbone.ln1.weight', 'backbone.ln1.bias']
    assert len(parts.adapters) == 2 * 7
    assert set(parts.outside) == {
        'neck.bn.running_mean',
        'neck.bn.running_var',
        'neck.bn.num_batches_tracked',
        'head.fc.weight',
        'head.fc.bias',
    }


def test_statistics_of_a_norm_are_needed_and_its_counter_is_not() -> None:
    parts = split(nn.Sequential(nn.BatchNorm2d(3)))
    assert parts.buffers == ['0.num_batches_tracked']
    assert '0.running_var' in parts.required


def test_a_computed_table_is_a_buffer_and_a_learned_one_is_needed() -> None:
    assert split(build_video_vit()).buffers == ['pos_embed']
    assert 'pos_embed' in split(build_video_vit(use_learnable_pos_emb=True)).required
    assert 'pos_embed' in split(build_image_vit()).required


def test_the_stamp_is_no_weight() -> None:
    model = build_image_vit()
    model.task_stamp = nn.BatchNorm1d(3)
    assert not any('task_stamp' in name for name in split(model).tensors)


def test_all_trained_leaves_the_norm_after_pooling_out_only() -> None:
    assert split(build_video_vit(), 'all').fresh == ['fc_norm.weight', 'fc_norm.bias']
    pooled = build_image_vit(out_type='avg_featmap', final_norm=False)
    assert split(pooled, 'all').fresh == ['ln2.weight', 'ln2.bias']
    assert split(nn.Linear(2, 2), 'all').fresh == []
