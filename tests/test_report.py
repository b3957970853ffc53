"""Counts of the start-up line."""

from __future__ import annotations

from torch import nn

import mmadapt


def test_counts_and_text() -> None:
    model = nn.Sequential(nn.Linear(1000, 1000), nn.Linear(1000, 100))
    model[0].requires_grad_(False)
    report = mmadapt.parameter_report(model)
    assert (report.total, report.trainable) == (1_101_100, 100_100)
    assert str(report) == 'trainable 0.10 M of 1.10 M (9.09 %)'


def test_shared_parameters_count_once() -> None:
    layer = nn.Linear(3, 3)
    assert mmadapt.parameter_report(nn.Sequential(layer, layer)).total == 12


def test_small_counts_stay_visible() -> None:
    text = str(mmadapt.parameter_report(nn.Linear(10, 5)))
    assert text == 'trainable 0.0001 M of 0.0001 M (100.00 %)'
