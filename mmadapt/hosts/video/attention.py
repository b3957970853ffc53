"""The attention of VideoMAE's ViT in one kernel, which keeps no probabilities."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmaction.models.backbones.vit_mae import Attention
from torch import Tensor, nn

from ...adapters import check_choice
from ...errors import ConfigError
from ...head_attention import attend_by_head, pays
from ...linear import OneDNNLinear, by_onednn, linear
from ..base import promote

__all__ = ['ATTENTIONS', 'FastestAttention', 'FusedAttention', 'set_attention']


class FusedAttention(Attention):
    """Upstream's attention by :func:`torch.nn.functional.scaled_dot_product_attention`.

    Its parameters and their names are upstream's. Outputs differ by rounding; the
    (B, H, N, N) probabilities are never stored. With dropout in the attention other
    random numbers are drawn.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Attention's output for tokens ``x`` of shape ``(B, N, C)``."""
        batch, count, _ = x.shape
        qkv = linear(self.qkv, x, self.qkv.weight, self.qkv_bias())
        # (B, N, 3HD) -> three of (B, H, N, D); unbound first, so that their gradients
        # are stacked in the order of qkv's and never copied into it.
        parts = qkv.view(batch, count, 3, self.num_heads, -1).unbind(2)
        q, k, v = (part.transpose(1, 2) for part in parts)
        x = self.attend(q, k, v).transpose(1, 2).reshape(batch, count, -1)
        return self.proj_drop(self.proj(x))  # type: ignore[no-any-return]

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Values by the softmax of the scores, dropout included, ``(B, H, N, D)``."""
        dropout = self.attn_drop.p if self.training else 0.0
        return F.scaled_dot_product_attention(
            q, k, v, dropout_p=dropout, scale=float(self.scale)
        )

    def qkv_bias(self) -> Tensor | None:
        """Biases of q and v around zeros: keys have none. None without any."""
        if not hasattr(self, 'q_bias'):
            return None
        zeros = torch.zeros_like(self.v_bias, requires_grad=False)
        return torch.cat((self.q_bias, zeros, self.v_bias))


class FastestAttention(FusedAttention):
    """One kernel, but on a CPU where other ways are faster.

    That is in bfloat16 upstream's forward, to the bit; in float32 and for many tokens
    one head after the other, where oneDNN multiplies (:mod:`mmadapt.linear`).
    """

    def forward(self, x: Tensor) -> Tensor:
        """Attention's output for tokens ``x`` of shape ``(B, N, C)``."""
        if x.device.type == 'cpu' and is_bfloat16(x):
            return Attention.forward(self, x)  # type: ignore[no-any-return]
        return super().forward(x)

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """The same, by head where that is faster."""
        drops = self.training and self.attn_drop.p > 0
        quick = isinstance(self.qkv, OneDNNLinear) and by_onednn(q[0, 0], k[0, 0])
        if quick and not drops and pays(q.shape[2]):  # asked last: not of a compiler
            return attend_by_head(q, k, v, float(self.scale))
        return super().attend(q, k, v)


def is_bfloat16(x: Tensor) -> bool:
    """Whether products of ``x`` are computed in bfloat16."""
    if torch.is_autocast_enabled('cpu'):
        return torch.get_autocast_dtype('cpu') is torch.bfloat16
    return x.dtype is torch.bfloat16


ATTENTIONS: dict[str, type[nn.Module]] = {
    'auto': FastestAttention,
    'sdpa': FusedAttention,
    'eager': Attention,
}


def set_attention(backbone: nn.Module, attention: str) -> None:
    """Say how the attentions of VideoMAE's ViT are computed, in place.

    Args:
        backbone: One with or without such attentions, adapted or not.
        attention: ``'sdpa'``: in one kernel. ``'eager'``: as upstream wrote them.
            ``'auto'``: in one kernel where that is faster.

    Raises:
        ConfigError: Another value, or one of the first two where there are none.
    """
    check_choice('attention', attention, tuple(ATTENTIONS))
    known = set(ATTENTIONS.values())
    found = [module for module in backbone.modules() if type(module) in known]
    if not found and attention != 'auto':
        raise ConfigError(
            f'attention={attention!r}: {type(backbone).__name__} has no attention of '
            "VideoMAE's ViT, the one that it chooses for. Leave it out."
        )
    for module in found:
        promote(module, ATTENTIONS[attention])
