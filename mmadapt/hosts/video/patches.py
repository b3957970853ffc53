"""The patches of VideoMAE's ViT, token behind token in memory."""

from __future__ import annotations

from mmaction.models.backbones.vit_mae import VisionTransformer
from mmcv.cnn.bricks.transformer import PatchEmbed
from torch import Tensor, nn

from ..base import promote

__all__ = ['ContiguousPatchEmbed', 'lay_tokens']


class ContiguousPatchEmbed(PatchEmbed):
    """Upstream's patches, whose tokens are contiguous.

    Upstream's are a transposed view of a convolution's output, and with no class token
    in front of them no later sum of the residual stream would change that: each norm
    and each product would copy its input, and each sum read across the memory.
    """

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[int, ...]]:
        """Tokens ``(B, N, C)`` of clips ``(B, 3, T, H, W)``, and their grid."""
        tokens, size = super().forward(x)
        return tokens.contiguous(), size


def lay_tokens(backbone: nn.Module) -> None:
    """Make the tokens of VideoMAE's ViT contiguous, in place; other trunks' stay.

    Values are the same; the mean over tokens at the end is summed in another order.

    Args:
        backbone: One of any class, adapted or not.
    """
    for module in backbone.modules():
        if not isinstance(module, VisionTransformer):
            continue
        for patches in module.children():
            if type(patches) is PatchEmbed:
                promote(patches, ContiguousPatchEmbed)
