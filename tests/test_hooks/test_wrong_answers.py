"""No metric counts an answer to a broken file as right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from mmaction.evaluation.metrics import AccMetric
from mmaction.structures import ActionDataSample
from mmengine.evaluator import Evaluator
from mmpretrain.evaluation import Accuracy, AveragePrecision, MultiLabelMetric
from mmpretrain.structures import DataSample

from mmadapt.datasets.tolerant import BROKEN
from mmadapt.errors import DataError
from mmadapt.hooks.wrong_answers import WrongAnswers, answer_wrong

CLASSES = 4


def sample(truth: Any, broken: bool, number: int = 0) -> Any:
    """A sample whose answer is right."""
    several = isinstance(truth, list)
    score = torch.zeros(CLASSES)
    score[truth] = 0.9
    found = DataSample().set_gt_label(truth).set_pred_score(score)
    found.set_pred_label(truth)
    if several:
        found.set_gt_score((score > 0).float())
    meta = {'img_path': f'{number}.jpg', **({BROKEN: 'why'} if broken else {})}
    found.set_metainfo(meta)
    return found


def clip(truth: int, broken: bool, number: int = 0) -> Any:
    found = ActionDataSample().set_gt_label(truth)
    found.set_pred_score(3 * torch.eye(CLASSES)[truth] - 10)  # logits
    meta = {'filename': f'{number}.mp4', **({BROKEN: 'why'} if broken else {})}
    found.set_metainfo(meta)
    return found


def scores(metric: Any, samples: list[Any]) -> dict[str, float]:
    evaluator = WrongAnswers(Evaluator(metric))
    for one in samples:
        evaluator.process(data_samples=[one], data_batch={'data_samples': [one]})
    assert set(evaluator.broken.values()) <= {'why'}
    return evaluator.evaluate(len(samples))


@pytest.mark.parametrize('truth', range(CLASSES))
def test_one_class_a_photo(truth: int) -> None:
    found = scores(
        Accuracy(topk=(1, 3)), [sample(truth, False, 0), sample(truth, True, 1)]
    )
    assert found == {'accuracy/top1': 50.0, 'accuracy/top3': 50.0}
    changed = sample(truth, True)
    answer_wrong(changed)
    assert changed.pred_label.item() == (truth + 1) % CLASSES
    assert changed.pred_score.argmax().item() == (truth + 1) % CLASSES
    assert torch.isfinite(changed.pred_score).all()


@pytest.mark.parametrize('truth', range(CLASSES))
def test_one_class_a_clip(truth: int) -> None:
    metric = AccMetric(metric_options={'top_k_accuracy': {'topk': (1, 3)}})
    found = scores(metric, [clip(truth, False), clip(truth, True, 1)])
    assert (found['acc/top1'], found['acc/top3']) == (0.5, 0.5)


@pytest.mark.parametrize('truth', [[0], [1, 3], []])
def test_several_classes_are_missed_and_none_is_found_in_vain(truth: list[int]) -> None:
    others = [sample([0, 1, 2, 3], False, 0), sample([2], False, 1)]
    whole = scores(MultiLabelMetric(thr=0.5, average='micro'), others)
    found = scores(
        MultiLabelMetric(thr=0.5, average='micro'), [*others, sample(truth, True, 2)]
    )
    assert whole['multi-label/recall_micro'] == 100.0
    assert found['multi-label/precision_micro'] == 100.0
    assert found['multi-label/recall_micro'] == pytest.approx(
        100 * 5 / (5 + len(truth))
    )


@pytest.mark.parametrize('truth', [[0], [1, 3], []])
def test_average_precision_ranks_it_last(truth: list[int]) -> None:
    others = [sample([0, 1, 2, 3], False, 0), sample([2], False, 1)]
    found = scores(AveragePrecision(average=None), [*others, sample(truth, True, 2)])
    for name in range(CLASSES):
        positives = [1, 1, 2, 1][name] + (name in truth)
        places = [1, 2][: positives - (name in truth)]
        ranks = [*places, *([3] if name in truth else [])]
        expected = np.mean([(i + 1) / rank for i, rank in enumerate(ranks)])
        value = found['multi-label/AP_classwise'][name]
        assert value == pytest.approx(100 * expected, abs=1e-3), name


def test_answers_that_do_not_say_what_they_answer_are_an_error() -> None:
    marked, plain = sample(1, True), DataSample().set_pred_score(torch.zeros(CLASSES))
    evaluator = WrongAnswers(Evaluator(Accuracy()))
    with pytest.raises(DataError, match=r"'0\.jpg' is broken.*might count as right"):
        evaluator.process(data_samples=[plain], data_batch={'data_samples': [marked]})


def test_it_stands_for_the_evaluator() -> None:
    inner = Evaluator(Accuracy())
    outer = WrongAnswers(inner)
    assert outer.metrics is inner.metrics
    outer.process(data_samples=[sample(0, True)])
    assert outer.broken == {'0.jpg': 'why'}
    outer.clear()
    assert not outer.broken
