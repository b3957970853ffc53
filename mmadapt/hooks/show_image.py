"""Pictures of image predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmpretrain.engine.hooks import VisualizationHook
from mmpretrain.registry import HOOKS

__all__ = ['ShowImageHook']


@HOOKS.register_module()
class ShowImageHook(VisualizationHook):
    """MMPretrain's hook, which fails on the several views of test-time augmentation;
    this one draws the first of them.
    """

    def _draw_samples(
        self,
        batch_idx: int,
        data_batch: Mapping[str, Any],
        data_samples: Sequence[Any],
        step: int = 0,
    ) -> None:
        inputs = data_batch['inputs']
        if isinstance(inputs, (list, tuple)):
            first = inputs[0]  # views of (B, 3, H, W), or one view as (3, H, W) each
            inputs = first if first.dim() == 4 else inputs
        batch = {**data_batch, 'inputs': inputs}
        super()._draw_samples(batch_idx, batch, data_samples, step)
