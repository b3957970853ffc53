"""Metrics that MMPretrain lacks."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from mmpretrain.evaluation import AveragePrecision
from mmpretrain.registry import METRICS

from .errors import DataError

__all__ = ['PresentAveragePrecision']


@METRICS.register_module()
class PresentAveragePrecision(AveragePrecision):
    """The mean average precision over the classes that a photo of the data has.

    MMPretrain counts a class without any photo as 0, so that the mean over few photos
    falls with each rare class; the average precision of such a class isn't defined.
    Where every class has a photo, both are the same number.
    """

    def compute_metrics(self, results: Sequence[dict[str, Any]]) -> dict[str, float]:
        """``mAP`` in percent; warns of the classes that are left out.

        Raises:
            DataError: No photo has any label.
        """
        target = torch.stack([result['gt_score'] for result in results])
        scores = torch.stack([result['pred_score'] for result in results])
        present = (target > 0).any(0)  # (num_classes,)
        if not present.any():
            raise DataError('no photo of the tested data has any label.')
        absent = int((~present).sum())
        if absent:
            warnings.warn(
                f'mAP is the mean over {int(present.sum())} of {len(present)} classes: '
                f'no photo of the tested data has one of the other {absent}.',
                stacklevel=2,
            )
        average = self.calculate(scores, target, None)[present].mean()
        return {'mAP': float(average)}
