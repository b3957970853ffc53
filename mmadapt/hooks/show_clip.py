"""Pictures of clip predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmaction.engine.hooks import VisualizationHook
from mmaction.registry import HOOKS

__all__ = ['ShowClipHook']


@HOOKS.register_module()
class ShowClipHook(VisualizationHook):
    """MMAction2's hook, which fails on what a 3-D recognizer reads: each sample is
    ``(views, 3, T, H, W)``; this one draws the first view.
    """

    def _draw_samples(
        self,
        batch_idx: int,
        data_batch: Mapping[str, Any],
        data_samples: Sequence[Any],
        step: int = 0,
    ) -> None:
        inputs = [clip[0] if clip.dim() == 5 else clip for clip in data_batch['inputs']]
        batch = {**data_batch, 'inputs': inputs}
        super()._draw_samples(batch_idx, batch, data_samples, step)
