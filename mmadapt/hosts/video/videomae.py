"""The block of VideoMAE in MMAction2, and its prompts."""

from __future__ import annotations

from typing import Any

from mmaction.models.backbones.vit_mae import Block, VisionTransformer
from torch import Tensor

from ...adapters import TokenGrid
from ...recompute import Halves
from ..base import AdapterHost, Normed, PromptHost, register_host
from ..class_row import is_heard
from ..ffn import is_identity, plain_linears
from ..grid import register_grid

__all__ = ['AdaptedVideoMAEBlock', 'PromptedVideoMAEBlock']


@register_host(Block)
class AdaptedVideoMAEBlock(AdapterHost, Block):
    """The block of VideoMAE's ViT, with or without layer scale.

    Attributes:
        mean_row: Whether it gives the mean of its tokens, for which the second layer
            of its MLP computes one row; a block's own attribute.
    """

    mean_row: bool = False

    def forward(self, x: Tensor) -> Tensor:
        """The block's output for tokens ``x`` of shape ``(B, N, C)``."""
        normed = self.norm1(x)
        x = self.close_attn(x, self.scaled(self.attn(normed), 'gamma_1'), normed)
        normed = self.norm2(x)
        return self.close_mlp(x, self.scaled(self.read_mlp(normed), 'gamma_2'), normed)

    def read_mlp(self, normed: Tensor) -> Tensor:
        """The MLP's output for all tokens, or the mean of it, ``(B, 1, C)``."""
        if not self.gives_mean():
            return self.mlp(normed)  # type: ignore[no-any-return]
        hidden, last, *_ = self.mlp.layers
        return last(hidden(normed).mean(1, keepdim=True))  # type: ignore[no-any-return]

    def gives_mean(self) -> bool:
        """Whether :attr:`mean_row` stands.

        What may come after it was set forbids it: an adapter behind the MLP, another
        MLP or layers of it that do more, and hooks that are to see what it gives.
        """
        if not self.mean_row or is_heard(self.mlp) or plain_linears(self.mlp) is None:
            return False
        adapter = getattr(self, 'adapter', None)
        return adapter is None or adapter.mode == 'parallel'

    def scaled(self, h: Tensor, gamma: str) -> Tensor:
        """A branch behind layer scale (where there is one) and stochastic depth."""
        if hasattr(self, gamma):
            h = getattr(self, gamma) * h
        return self.drop_path(h)

    def close_mlp(
        self, x: Tensor, h: Tensor, normed: Normed, read: Tensor | None = None
    ) -> Tensor:
        """The block's output for all tokens, or the mean of it, ``(B, 1, C)``."""
        y = super().close_mlp(x, h, normed, read)
        return y.mean(1, keepdim=True) if self.gives_mean() else y

    def halves(self) -> Halves:
        """The block as two halves."""
        bare = not hasattr(self, 'gamma_2') and is_identity(self.drop_path)
        return Halves(
            self.norm1,
            lambda normed: self.scaled(self.attn(normed), 'gamma_1'),
            self.norm2,
            lambda normed: self.scaled(self.read_mlp(normed), 'gamma_2'),
            plain_linears(self.mlp)
            if bare and not vars(self).get('mean_row')
            else None,
        )

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.mlp.embed_dims)


@register_host(Block)
class PromptedVideoMAEBlock(PromptHost, Block):
    """The block of VideoMAE's ViT with prompts."""

    width = staticmethod(AdaptedVideoMAEBlock.width)


@register_grid(VisionTransformer)
def vit_grid(trunk: VisionTransformer) -> TokenGrid:
    """Tubelets over time and place; VideoMAE has no class token."""
    height, width = trunk.grid_size
    return TokenGrid(0, trunk.pos_embed.shape[1] // (height * width), height, width)
