"""The layer of RevViT in MMPretrain."""

from __future__ import annotations

from typing import Any

import torch
from mmcv.cnn.bricks.drop import build_dropout
from mmpretrain.models.backbones.revvit import RevTransformerEncoderLayer
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedRevLayer']


@register_host(RevTransformerEncoderLayer)
class AdaptedRevLayer(AdapterHost, RevTransformerEncoderLayer):
    """The layer of RevViT, which has two streams.

    y1 = x1 + Attn(LN(x2)) + A(x2) and y2 = x2 + MLP(LN(y1)) + A(y1): an adapter reads
    what its branch reads, and is added where that is. Upstream's own backward pass
    knows no adapter; an adapted trunk uses autograd's. Upstream seeds its dice from the
    clock, in evaluation too; here they follow the CPU's generator, so that a block that
    is computed again drops the same again. Layers without an adapter are of this class
    too, and go with upstream's own backward pass in full fine-tuning.
    """

    drawn: dict[str, int]

    def forward(self, x1: Tensor, x2: Tensor) -> tuple[Tensor, Tensor]:
        """The streams ``y1`` and ``y2``, all of shape ``(B, N, C)``."""
        state = self.draw_seeds()
        self.seed_cuda('attn')
        normed = self.ln1(x2)
        h = self.attn(normed)
        self.seed_cuda('droppath')
        h = self.dropped(h)
        y1 = self.close(getattr(self, 'attn_adapter', None), x1, h, normed, x2)
        self.seed_cuda('ffn')
        normed = self.ln2(y1)
        h = self.ffn(normed)
        # As upstream: both branches of a layer are dropped together.
        self.seed_cuda('droppath')
        h = self.dropped(h)
        self.seed_cuda('adapter')  # which else would drop what attention's has dropped
        y2 = self.close_mlp(x2, h, normed, read=y1)
        self.go_on(state)
        return y1, y2

    def backward_pass(
        self, y1: Tensor, y2: Tensor, d_y1: Tensor, d_y2: Tensor
    ) -> tuple[Tensor, ...]:
        """Upstream's, which else leaves the CPU's generator where a seed has put it."""
        state = torch.get_rng_state()
        found: tuple[Tensor, ...] = super().backward_pass(y1, y2, d_y1, d_y2)
        torch.set_rng_state(state)
        return found

    def draw_seeds(self) -> Tensor | None:
        """Draw this layer's seeds; returns the CPU's state behind them.

        None in evaluation, which throws no dice.
        """
        if not self.training:
            return None
        keys = ('attn', 'droppath', 'ffn', 'adapter', 'after')
        seeds = torch.randint(2**62, (len(keys),)).tolist()
        self.drawn = dict(zip(keys, seeds, strict=True))
        return torch.get_rng_state()

    def seed_cuda(self, key: str) -> None:
        """Start from a seed that was drawn for this layer."""
        if self.training:
            self.seeds[key] = self.drawn[key]
            torch.manual_seed(self.seeds[key])

    def go_on(self, state: Tensor | None) -> None:
        """Go on behind the layer: a GPU from a seed, the CPU from where it was.

        Seeds drawn from what they have seeded themselves would soon come again.
        """
        if state is not None:
            torch.manual_seed(self.drawn['after'])
            torch.set_rng_state(state)

    def dropped(self, h: Tensor) -> Tensor:
        """A branch behind stochastic depth.

        Upstream builds it at each call, and so as in training: there it drops branches
        in evaluation too.
        """
        out: Tensor = build_dropout(self.drop_path_cfg).train(self.training)(h)
        return out

    @staticmethod
    def width(block: Any) -> int:
        """Width C of a stream."""
        return int(block.embed_dims)
