"""Answers to samples that could not be read, which must not count as right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..datasets.tolerant import BROKEN
from ..errors import DataError
from .batch_files import file_of, flat

__all__ = ['WrongAnswers', 'answer_wrong']


class WrongAnswers:
    """An evaluator of MMEngine that counts broken samples as wrong.

    Args:
        evaluator: What scores the samples.

    Attributes:
        broken: Path of each broken sample to the reason, since :meth:`clear`.
    """

    def __init__(self, evaluator: Any) -> None:
        self.evaluator = evaluator
        self.broken: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.evaluator, name)

    def clear(self) -> None:
        """Begin anew."""
        self.broken = {}

    def process(self, data_samples: Sequence[Any], data_batch: Any = None) -> None:
        """Score a batch.

        Raises:
            DataError: The model's answers don't say which of them are to broken files.
        """
        batch = data_batch.get('data_samples') if isinstance(data_batch, dict) else ()
        marked = {file_key(s) for s in flat(batch) if reason_of(s)}
        for sample in data_samples:
            reason = reason_of(sample)
            if reason:
                answer_wrong(sample)
                self.broken[file_key(sample)] = reason
                marked.discard(file_key(sample))
        if marked:
            raise DataError(
                f'{sorted(marked)[0]!r} is broken, and the answers of the model do not '
                'say which of them is to it, so that it might count as right. Take it '
                'out of the data.'
            )
        self.evaluator.process(data_samples=data_samples, data_batch=data_batch)


def answer_wrong(sample: Any) -> None:
    """Replace what a model answered by what is wrong, in place.

    One class a sample: the class behind the right one, with the right one last of all.
    Several: no class, with the right ones last, so that each of them is missed and no
    other is found in vain.

    Args:
        sample: With ``pred_score`` ``(..., num_classes)``.
    """
    scores: Tensor = sample.pred_score
    floating = scores if scores.is_floating_point() else scores.float()
    lowest = torch.finfo(floating.dtype).min
    wrong = torch.full_like(floating, lowest / 2)
    if 'gt_score' in sample:
        truth = sample.gt_score.reshape(-1).nonzero().reshape(-1)
        answer = truth[:0]
    else:
        truth = sample.gt_label.reshape(-1)
        answer = (truth[:1] + 1) % scores.shape[-1]
        wrong[..., answer.to(wrong.device)] = 1.0
    wrong[..., truth.to(wrong.device)] = lowest
    sample.pred_score = wrong
    if 'pred_label' in sample:
        sample.pred_label = answer.to(sample.pred_label)


def reason_of(sample: Any) -> str:
    """Why a sample could not be read; empty where it could."""
    return str(getattr(sample, 'metainfo', {}).get(BROKEN, ''))


def file_key(sample: Any) -> str:
    """The file of a sample, as far as it is known."""
    return str(next(iter(file_of(sample)), ''))
