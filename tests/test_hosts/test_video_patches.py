"""VideoMAE's tokens lie one behind the other, and are upstream's."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import torch
from mmaction.models.backbones.vit_mae import VisionTransformer
from mmaction.registry import MODELS
from mmcv.cnn.bricks.transformer import PatchEmbed
from torch import Tensor, nn

from mmadapt.hosts.video.patches import ContiguousPatchEmbed, lay_tokens
from tests.helpers import build_image_vit, build_video_vit, randomise, video_input
from tests.host_cases.video_videomae import ARCH

ADAPTED = {'adapter': {'bottleneck': 8, 'layers': [-1]}, 'init_cfg': None}
WRAPPED = {
    'type': 'AdaptedBackbone',
    'backbone': {'type': 'VisionTransformer', **ARCH},
    **ADAPTED,
}


@pytest.mark.parametrize(
    'config', [{'type': 'AdaptFormerViT', **ARCH, **ADAPTED}, WRAPPED]
)
def test_every_block_reads_contiguous_tokens(config: dict[str, Any]) -> None:
    model = MODELS.build(config)
    read: list[Tensor] = []
    for block in model.blocks:
        block.register_forward_pre_hook(lambda _, args: read.append(args[0]))
    model(video_input())
    assert len(read) == 2
    assert all(x.is_contiguous() for x in read)


def test_tokens_and_names_are_upstreams() -> None:
    upstream, ours = build_video_vit(), build_video_vit()
    randomise(upstream)
    ours.load_state_dict(upstream.state_dict())
    lay_tokens(ours)
    assert type(ours.patch_embed) is ContiguousPatchEmbed
    assert list(ours.state_dict()) == list(upstream.state_dict())
    theirs, own = (m.patch_embed(video_input())[0] for m in (upstream, ours))
    assert not theirs.is_contiguous()  # else there is no need of it any more
    assert own.is_contiguous() and torch.equal(own, theirs)
    out, twin = ours(video_input()), pickle.loads(pickle.dumps(ours))
    torch.testing.assert_close(out, upstream(video_input()), atol=1e-6, rtol=1e-5)
    assert torch.equal(twin(video_input()), out)


def test_other_trunks_and_other_patches_are_left_alone() -> None:
    class OwnPatches(PatchEmbed):
        pass

    image, video = build_image_vit(), build_video_vit()
    assert isinstance(video, VisionTransformer)
    video.patch_embed.__class__ = OwnPatches
    for model in (image, nn.Sequential(video)):
        kinds = [type(module) for module in model.modules()]
        lay_tokens(model)
        assert [type(module) for module in model.modules()] == kinds
