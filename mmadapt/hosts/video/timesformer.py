"""The layer of TimeSformer in MMAction2, which is a general one of mmcv."""

from __future__ import annotations

from typing import Any

from mmaction.models.common.transformer import (
    DividedSpatialAttentionWithNorm,
    DividedTemporalAttentionWithNorm,
    FFNWithNorm,
)
from mmcv.cnn.bricks.transformer import FFN, BaseTransformerLayer, MultiheadAttention
from torch import Tensor

from ...errors import ConfigError
from ..base import AdapterHost, register_host

__all__ = ['AdaptedTransformerLayer']

DIVIDED = (
    ('self_attn', 'self_attn', 'ffn'),
    (DividedTemporalAttentionWithNorm, DividedSpatialAttentionWithNorm),
    (FFNWithNorm,),
)
JOINT = (('norm', 'self_attn', 'norm', 'ffn'), (MultiheadAttention,), (FFN,))


@register_host(BaseTransformerLayer)
class AdaptedTransformerLayer(AdapterHost, BaseTransformerLayer):
    """The layer of TimeSformer: divided, joint or space-only attention.

    Its attentions add their own skip, out of sight: adapters stand beside the MLP.
    """

    branches = ('mlp',)
    unfit = (
        "none of the model's is built as one of TimeSformer's, the only ones that take "
        'adapters: divided space and time attention, or one MultiheadAttention behind '
        'a norm, then an FFN with a skip.'
    )

    def forward(
        self, query: Tensor, key: None = None, value: None = None, **masks: None
    ) -> Tensor:
        """The layer's output for tokens ``query`` of shape ``(B, N, C)``.

        Raises:
            ConfigError: A key, mask or position, which TimeSformer never gives.
        """
        if any(option is not None for option in (key, value, *masks.values())):
            raise ConfigError(
                'an adapted BaseTransformerLayer is one of TimeSformer, which attends '
                'over all its tokens: key, value, masks and positions have to be None.'
            )
        x, ffn = query, self.ffns[0]
        if self.pre_norm:
            x = self.attentions[0](self.norms[0](x), identity=x)
            normed = self.norms[1](x)
        else:
            x = self.attentions[1](self.attentions[0](x))
            normed = ffn.norm(x)
        # identity=0 makes mmcv's FFN return the branch alone, to the bit.
        return self.close_mlp(x, FFN.forward(ffn, normed, identity=0), normed)

    @classmethod
    def fits(cls, block: Any) -> bool:
        """Whether the layer is built as one of TimeSformer's."""
        built = (
            tuple(block.operation_order),
            tuple(type(attention) for attention in block.attentions),
            tuple(type(ffn) for ffn in block.ffns),
        )
        residual = all(getattr(ffn, 'add_identity', False) for ffn in block.ffns)
        return built in (DIVIDED, JOINT) and residual

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.embed_dims)
