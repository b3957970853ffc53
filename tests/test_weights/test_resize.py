"""Resized tables agree with another way of computing them."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.models.utils import resize_pos_embed

from mmadapt.weights.resize import (
    Tokens,
    fit,
    inflate_patches,
    is_sinusoid,
    resize_grid,
    resize_positions,
    sinusoid_table,
)

from ..helpers import build_image_vit, build_video_vit
from . import foreign


def test_an_inflated_patch_embedding_is_itself_on_a_still_clip() -> None:
    weight, image = torch.randn(4, 3, 8, 8), torch.randn(2, 3, 16, 16)
    clip = image[:, :, None].repeat(1, 1, 6, 1, 1)
    inflated = inflate_patches(weight, 3)
    result = F.conv3d(clip, inflated, stride=(3, 8, 8))
    assert result.shape == (2, 4, 2, 2, 2)
    expected = F.conv2d(image, weight, stride=8)
    for step in range(2):
        torch.testing.assert_close(result[:, :, step], expected, atol=1e-4, rtol=1e-4)


def test_a_patch_embedding_of_another_patch_size_does_not_fit() -> None:
    model = build_video_vit()
    name = 'patch_embed.projection.weight'
    target = model.get_parameter(name)
    assert fit(name, torch.zeros(48, 3, 8, 8), target, model, Tokens()) is not None
    assert fit(name, torch.zeros(48, 3, 16, 16), target, model, Tokens()) is None


@pytest.mark.parametrize('size', [(32, 32), (48, 48), (16, 40)])
def test_image_tables_are_resized_as_upstream_does_it(size: tuple[int, int]) -> None:
    """Independent: MMPretrain's own resize_pos_embed."""
    table = torch.randn(1, 1 + 16, 48)
    model = build_image_vit(img_size=size)
    own = resize_positions(table, model.pos_embed.shape, model, Tokens(extra=1))
    grid = (size[0] // 8, size[1] // 8)
    expected = resize_pos_embed(table, (4, 4), grid, 'bicubic', 1)
    assert own is not None
    torch.testing.assert_close(own, expected)


def test_a_distillation_token_is_cut_out() -> None:
    table = torch.randn(1, 2 + 16, 48)
    model = build_image_vit()
    own = resize_positions(table, model.pos_embed.shape, model, Tokens(extra=2))
    assert own is not None
    assert torch.equal(own, torch.cat([table[:, :1], table[:, 2:]], dim=1))


def test_a_class_position_that_the_file_lacks_is_not_made_up() -> None:
    model = build_image_vit()
    table = torch.randn(1, 16, 48)
    assert (
        resize_positions(table, model.pos_embed.shape, model, Tokens(extra=0)) is None
    )


def test_an_image_table_is_repeated_for_every_time_step() -> None:
    table = torch.randn(1, 1 + 16, 48)
    model = build_video_vit(num_frames=8)
    own = resize_positions(table, model.pos_embed.shape, model, Tokens(extra=1))
    assert own is not None
    for step in own.reshape(4, 16, 48):
        assert torch.equal(step, table[0, 1:])


def test_a_learned_table_of_clips_is_resampled_over_time_alone() -> None:
    """A table linear in time stays linear; space and channels aren't mixed."""
    space = torch.randn(12, 48)
    model = build_video_vit(use_learnable_pos_emb=True, num_frames=12)
    model.grid_size = (3, 4)
    steps = torch.arange(3.0)[:, None, None] * torch.ones(3, 12, 48) + space
    shape = torch.Size([1, 6 * 12, 48])
    own = resize_positions(steps.reshape(1, 36, 48), shape, model, Tokens(clips=True))
    assert own is not None
    offset = own.reshape(6, 12, 48) - space
    torch.testing.assert_close(offset[:, 0, 0], offset[:, 7, 30])
    expected = torch.tensor([0.0, 0.25, 0.75, 1.25, 1.75, 2.0])  # centres of halves
    torch.testing.assert_close(offset[:, 0, 0], expected, atol=1e-5, rtol=0)


def test_the_computed_table_is_videomaes() -> None:
    """Independent: the formula token by token; the model's own buffer; its prefix."""
    table = sinusoid_table(32, 48)
    torch.testing.assert_close(table[0], foreign.joint_index_table(32))
    torch.testing.assert_close(table, build_video_vit().pos_embed)
    assert is_sinusoid(table)
    assert is_sinusoid(table.half())
    assert not is_sinusoid(torch.randn(1, 32, 48) * 0.02)
    model = build_video_vit()
    longer = resize_positions(
        sinusoid_table(64, 48), table.shape, model, Tokens(extra=0)
    )
    assert longer is not None
    assert torch.equal(longer, table)


def test_grids_of_relative_positions() -> None:
    target = torch.zeros(49, 3)  # a 4x4 window; the file's is 7x7
    table = torch.randn(169, 3)
    own = fit(
        'a.relative_position_bias_table', table, target, build_image_vit(), Tokens()
    )
    assert own is not None
    assert torch.equal(own, resize_grid(table[None], (13, 13), (7, 7))[0])
    odd = torch.zeros(48, 3)
    name = 'a.relative_position_bias_table'
    assert fit(name, table, odd, build_image_vit(), Tokens()) is None


def test_the_tokens_of_a_file() -> None:
    names = ['backbone.cls_token', 'dist_token', 'pos_embed', 'not_a_cls_token']
    assert Tokens.of(dict.fromkeys(names, torch.zeros(1))) == Tokens(2, clips=False)
    assert Tokens.of(foreign.timm_state()) == Tokens(1, clips=False)
    assert Tokens.of(foreign.videomae_state()) == Tokens(0, clips=True)
    assert Tokens.of(build_video_vit().state_dict()) == Tokens(0, clips=True)


def test_a_square_number_of_tokens_is_no_image_when_the_file_is_of_clips() -> None:
    """Tables of 4 steps of a 2x2 grid are not a 4x4 grid."""
    model = build_video_vit(img_size=16, num_frames=4)
    table = torch.randn(1, 16, 48)
    shape = torch.Size([1, 8, 48])
    own = resize_positions(table, shape, model, Tokens(clips=True))
    assert own is not None
    halves = table.reshape(2, 2, 4, 48).mean(1).reshape(1, 8, 48)
    torch.testing.assert_close(own, halves)
