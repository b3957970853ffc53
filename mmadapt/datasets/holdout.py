"""A held-out part of a training set, the same at each call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS

from ..errors import ConfigError, DataError
from .holdout_labels import split_by_labels

__all__ = ['StratifiedPart', 'split_by_class']

PARTS = ('rest', 'held_out')


@DATASETS.register_module()
def StratifiedPart(
    dataset: Mapping[str, Any],
    fraction: float,
    part: str,
    pipeline: Sequence[Mapping[str, Any]] | None = None,
    seed: int = 0,
) -> BaseDataset:
    """Build a dataset and keep one side of a split by class.

    Args:
        dataset: Config of the whole dataset.
        fraction: Share of each class that is held out, between 0 and 1.
        part: ``'held_out'``, or ``'rest'`` for what is left to train on.
        pipeline: The dataset's transforms; here, where the inference functions of the
            libraries look for those of a test set.
        seed: Decides which samples; both sides need the same.

    Returns:
        The dataset itself, shortened: no wrapper around it.

    Raises:
        ConfigError: A fraction or part that isn't allowed.
        DataError: A class that is too small to split.
    """
    if part not in PARTS:
        raise ConfigError(f'part={part!r}; allowed: {", ".join(PARTS)}.')
    transforms = {} if pipeline is None else {'pipeline': list(pipeline)}
    whole = DATASETS.build({**dataset, **transforms})
    whole.full_init()
    infos = (whole.get_data_info(index) for index in range(len(whole)))
    labels = [info.get('gt_label', info.get('label')) for info in infos]
    several = any(isinstance(label, (list, tuple)) for label in labels)
    split = split_by_labels if several else split_by_class
    rest, held = split(labels, fraction, seed)
    whole.get_subset_(held if part == 'held_out' else rest)
    return whole


def split_by_class(
    labels: Sequence[Any], fraction: float, seed: int = 0
) -> tuple[list[int], list[int]]:
    """Indices of the samples that are left, and of those held out.

    Of each class the share ``fraction`` is held out, rounded, at least one sample and
    never all.

    Args:
        labels: One whole number a sample.
        fraction: Between 0 and 1.
        seed: Decides which samples.

    Raises:
        ConfigError: A fraction out of range, or labels that aren't whole numbers.
        DataError: A class with a single sample.
    """
    if not 0 < fraction < 1:
        raise ConfigError(f'fraction={fraction!r}: between 0 and 1.')
    members: dict[int, list[int]] = defaultdict(list)
    for index, label in enumerate(labels):
        if not isinstance(label, (int, np.integer)):
            raise ConfigError(
                f'sample {index} has the label {label!r}: a split by class needs one '
                'whole number a sample. Split the data by hand.'
            )
        members[int(label)].append(index)
    generator = np.random.default_rng(seed)
    held: list[int] = []
    for label in sorted(members):
        count = len(members[label])
        if count < 2:
            raise DataError(
                f'class {label} has one training sample, which cannot be split. Add '
                'samples, or set holdout=0.'
            )
        take = min(max(round(fraction * count), 1), count - 1)
        held += [members[label][i] for i in generator.permutation(count)[:take]]
    chosen = set(held)
    return [i for i in range(len(labels)) if i not in chosen], sorted(held)
