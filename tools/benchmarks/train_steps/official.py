"""The baseline: the adapted ViT as the paper's equations are written, nothing more.

    x'  = x + Attn(LN(x))
    x'' = x' + MLP(LN(x')) + s (W_up ReLU(W_down x' + b_down) + b_up)

Eq. 3 and 4 of `AdaptFormer <https://arxiv.org/abs/2205.13535>`_, the adapter reading x'
as in the authors' code. One module or product a term, as most codes of that time are
written: probabilities of the attention are stored, the scale is a product of its own.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .shape import Shape


class Attention(nn.Module):
    """Softmax(q k^T / sqrt(d)) v, head by head."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.q = nn.Linear(width, width)
        self.k = nn.Linear(width, width)
        self.v = nn.Linear(width, width)
        self.proj = nn.Linear(width, width)

    def split(self, x: Tensor) -> Tensor:
        """(B, N, C) -> (B * heads, N, C / heads)."""
        batch, count, width = x.shape
        x = x.view(batch, count, self.heads, width // self.heads).transpose(1, 2)
        return x.reshape(batch * self.heads, count, -1)

    def forward(self, x: Tensor) -> Tensor:
        """Attention's output for ``x`` of shape ``(B, N, C)``."""
        batch, count, width = x.shape
        q, k, v = self.split(self.q(x)), self.split(self.k(x)), self.split(self.v(x))
        weights = torch.bmm(q * self.scale, k.transpose(1, 2)).softmax(dim=-1)
        x = torch.bmm(weights, v).view(batch, self.heads, count, -1)
        return self.proj(x.transpose(1, 2).reshape(batch, count, width))  # type: ignore[no-any-return]


class Adapter(nn.Module):
    """S (W_up ReLU(W_down x + b_down) + b_up)."""

    def __init__(self, width: int, bottleneck: int, scale: float = 0.1) -> None:
        super().__init__()
        self.down = nn.Linear(width, bottleneck)
        self.up = nn.Linear(bottleneck, width)
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """The branch's output for ``x`` of shape ``(B, N, C)``."""
        return self.up(torch.relu(self.down(x))) * self.scale  # type: ignore[no-any-return]


class Block(nn.Module):
    """See the module."""

    def __init__(self, width: int, heads: int, bottleneck: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.fc1 = nn.Linear(width, 4 * width)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(4 * width, width)
        self.adapter = Adapter(width, bottleneck)

    def forward(self, x: Tensor) -> Tensor:
        """The block's output for ``x`` of shape ``(B, N, C)``."""
        x = x + self.attn(self.norm1(x))
        branch = self.adapter(x)
        residual = x
        x = self.fc2(self.act(self.fc1(self.norm2(x))))
        return x + branch + residual


class OfficialViT(nn.Module):
    """Patches, position table, blocks, norm; all frozen but the adapters.

    Args:
        shape: Of the ViT and what it reads.
        bottleneck: Of the adapters.
    """

    def __init__(self, shape: Shape, bottleneck: int) -> None:
        super().__init__()
        self.mean = shape.frames > 0
        patch = (2, 16, 16) if shape.frames else (16, 16)
        conv = nn.Conv3d if shape.frames else nn.Conv2d
        self.patch_embed = conv(3, shape.width, patch, patch)  # type: ignore[arg-type]
        self.cls_token = nn.Parameter(torch.zeros(1, 1 - self.mean, shape.width))
        self.pos_embed = nn.Parameter(torch.zeros(1, shape.tokens, shape.width))
        self.blocks = nn.Sequential(
            *(Block(shape.width, shape.heads, bottleneck) for _ in range(shape.depth))
        )
        self.norm = nn.LayerNorm(shape.width, eps=1e-6)
        for name, parameter in self.named_parameters():
            parameter.requires_grad_('adapter' in name.split('.'))

    def forward(self, x: Tensor) -> Tensor:
        """Features ``(B, C)`` of images ``(B, 3, H, W)`` or clips with frames."""
        x = self.patch_embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], dim=1)
        x = self.blocks(x + self.pos_embed)
        return self.norm(x.mean(1)) if self.mean else self.norm(x)[:, 0]  # type: ignore[no-any-return]
