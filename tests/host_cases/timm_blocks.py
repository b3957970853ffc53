"""The trunks of timm, where it is installed."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from timm.models.beit import Beit
from timm.models.beit import Block as BEiTBlock
from timm.models.eva import Eva, EvaBlock, EvaBlockPostNorm
from timm.models.swin_transformer import SwinTransformer, SwinTransformerBlock
from timm.models.swin_transformer_v2 import SwinTransformerV2, SwinTransformerV2Block
from timm.models.vision_transformer import Block, ResPostBlock, VisionTransformer
from torch import Tensor, nn

from .case import HostCase, image_input

VIT = {'img_size': 32, 'patch_size': 8, 'embed_dim': 48, 'depth': 2, 'num_heads': 4}
SWIN = {
    'img_size': 32,
    'patch_size': 4,
    'embed_dim': 24,
    'depths': (2, 2),
    'num_heads': (2, 4),
    'window_size': 4,
}


def build(
    trunk: type[nn.Module],
    defaults: dict[str, Any],
    with_cp: bool = False,
    **options: Any,
) -> nn.Module:
    """A tiny trunk of that class without its classifier, no two parameters alike."""
    model = trunk(
        **{
            'num_classes': 0,
            'mlp_ratio': 2,
            'global_pool': 'avg',
            **defaults,
            **options,
        }
    )
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.add_(noise * 0.1)
    model.set_grad_checkpointing(with_cp)
    return model


def case(
    block: type[nn.Module],
    trunk: type[nn.Module],
    defaults: dict[str, Any],
    **options: Any,
) -> HostCase:
    """One block class, with what is common to all of timm's."""
    return HostCase(
        block,
        partial(build, trunk, defaults),
        image_input,
        drop_path={'drop_path_rate': 0.999},
        with_cp={'with_cp': True},
        **options,
    )


def flat(out: Tensor, like: Tensor) -> Tensor:
    """From ``(B, H, W, C)`` to the tokens that a Swin's MLP reads."""
    return out.reshape(like.shape)


LAYER_SCALE = {'init_values': 0.5}
RES_POST = {'norm': 'mlp', 'attn_norm': ''}

CASES = [
    case(Block, VisionTransformer, VIT),
    case(Block, VisionTransformer, {**VIT, **LAYER_SCALE, 'qk_norm': True}),
    case(
        ResPostBlock, VisionTransformer, {**VIT, 'block_fn': ResPostBlock}, **RES_POST
    ),
    case(SwinTransformerBlock, SwinTransformer, SWIN, stream=flat),
    case(SwinTransformerV2Block, SwinTransformerV2, SWIN, stream=flat, **RES_POST),
    case(BEiTBlock, Beit, VIT),
    case(BEiTBlock, Beit, {**VIT, **LAYER_SCALE, 'use_shared_rel_pos_bias': True}),
    case(EvaBlock, Eva, VIT),
    case(
        EvaBlock,
        Eva,
        {**VIT, **LAYER_SCALE, 'use_rot_pos_emb': True, 'swiglu_mlp': True},
    ),
    case(EvaBlockPostNorm, Eva, {**VIT, 'use_post_norm': True}, **RES_POST),
]
