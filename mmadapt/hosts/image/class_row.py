"""The last block of a ViT whose class token alone is read."""

from __future__ import annotations

import torch.nn.functional as F
from mmpretrain.models.backbones import VisionTransformer
from mmpretrain.models.backbones.vision_transformer import TransformerEncoderLayer
from mmpretrain.models.utils import MultiheadAttention
from torch import Tensor

from ...adapters import Adapter
from ...recompute import recomputable
from ..base import promote
from .vit import AdaptedEncoderLayer

__all__ = ['ClassRowLayer', 'set_class_row']


class ClassRowLayer(AdaptedEncoderLayer):
    """The ViT layer, with or without an adapter, computed for the first token alone.

    Its query is the one of that token; keys and values are those of all. That token's
    row is the one of the whole layer, to rounding. With dropout inside, other random
    numbers are drawn.
    """

    @recomputable
    def forward(self, x: Tensor) -> Tensor:
        """The first token behind the block, (B, 1, C), for ``x`` of (B, N, C)."""
        normed = self.ln1(x)
        x = self.close_attn(x[:, :1], self.attn_of_first(normed), normed[:, :1])
        normed = self.ln2(x)
        return self.close_mlp(x, self.ffn(normed, identity=0), normed)

    def attn_of_first(self, normed: Tensor) -> Tensor:
        """Attention's output for the first token, ``(B, 1, C)``."""
        attn = self.attn
        batch, count, _ = normed.shape
        width, heads = attn.embed_dims, attn.num_heads
        weight, bias = attn.qkv.weight, attn.qkv.bias
        first, rest = (None, None) if bias is None else bias.split([width, 2 * width])
        q = F.linear(normed[:, :1], weight[:width], first)
        q = q.view(batch, 1, heads, -1).transpose(1, 2)
        pair = F.linear(normed, weight[width:], rest)
        k, v = pair.view(batch, count, 2, heads, -1).permute(2, 0, 3, 1, 4)
        dropout = attn.attn_drop if self.training else 0.0
        x = attn.scaled_dot_product_attention(q, k, v, dropout_p=dropout)
        x = attn.proj(x.transpose(1, 2).reshape(batch, 1, width))
        return attn.out_drop(attn.gamma1(attn.proj_drop(x)))  # type: ignore[no-any-return]


def set_class_row(trunk: VisionTransformer) -> bool:
    """Compute the class token's row alone in the last block, in place, where exact.

    That is where the class token is all that is read of it, and nothing in the block
    mixes tokens but its attention.

    Args:
        trunk: Adapted or not.

    Returns:
        Whether it was exact.
    """
    block = trunk.layers[-1]
    fit = (
        trunk.out_type == 'cls_token'
        and trunk.cls_token is not None
        and type(block) in (TransformerEncoderLayer, AdaptedEncoderLayer)
        and type(block.attn) is MultiheadAttention
        and not block.attn.v_shortcut
        and not any(isinstance(m, Adapter) and m.needs_grid for m in block.modules())
    )
    if fit:
        promote(block, ClassRowLayer)
        # Of one row little is kept; the tiers between take the block by halves.
        if block.recompute_tier != 'block':
            block.recompute_tier = 'none'
        block.fused_mlp = False
    return fit
