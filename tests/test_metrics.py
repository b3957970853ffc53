"""The mean average precision, against a count by hand."""

from __future__ import annotations

import pytest
import torch
from mmpretrain.evaluation import AveragePrecision
from mmpretrain.structures import DataSample

from mmadapt.errors import DataError
from mmadapt.metrics import PresentAveragePrecision

# Class 0: its photos come first and third, (1/1 + 2/3) / 2. Class 1: second, 1/2.
SCORES = torch.tensor([[0.9, 0.8, 0.5], [0.7, 0.6, 0.4], [0.5, 0.2, 0.3]])
TARGET = torch.tensor([[1.0, 0, 0], [0, 1, 0], [1, 0, 0]])


def score(metric: AveragePrecision, target: torch.Tensor) -> float:
    samples = [
        DataSample().set_pred_score(s).set_gt_score(t).to_dict()
        for s, t in zip(SCORES, target)
    ]
    metric.process(None, samples)
    return metric.evaluate(len(samples))['multi-label/mAP']


def test_classes_that_no_photo_has_are_left_out_with_a_warning() -> None:
    with pytest.warns(UserWarning, match='over 2 of 3 classes'):
        found = score(PresentAveragePrecision(), TARGET)
    assert found == pytest.approx(100 * (5 / 6 + 1 / 2) / 2)
    # What MMPretrain makes of the same.
    assert score(AveragePrecision(), TARGET) == pytest.approx(100 * (5 / 6 + 1 / 2) / 3)


def test_both_agree_where_every_class_has_a_photo() -> None:
    target = TARGET.clone()
    target[2, 2] = 1
    assert score(PresentAveragePrecision(), target) == pytest.approx(
        score(AveragePrecision(), target)
    )


def test_no_label_at_all() -> None:
    with pytest.raises(DataError, match='no photo'):
        score(PresentAveragePrecision(), torch.zeros(3, 3))
