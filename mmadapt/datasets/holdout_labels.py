"""A held-out part of samples with several labels each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ..errors import ConfigError, DataError

__all__ = ['split_by_labels']


def split_by_labels(
    labels: Sequence[Sequence[int]], fraction: float, seed: int = 0
) -> tuple[list[int], list[int]]:
    """Indices of the samples that are left, and of those held out.

    `On the Stratification of Multi-Label Data
    <https://doi.org/10.1007/978-3-642-23808-6_10>`_: the rarest class chooses first
    among its samples that no rarer one has placed. Of each class about the share
    ``fraction`` is held out, never all; samples without a label are split by the same
    share.

    Args:
        labels: The classes of each sample.
        fraction: Between 0 and 1.
        seed: Decides which samples.

    Raises:
        ConfigError: A fraction out of range.
        DataError: A class with a single sample.
    """
    if not 0 < fraction < 1:
        raise ConfigError(f'fraction={fraction!r}: between 0 and 1.')
    counts = Counter(label for sample in labels for label in set(sample))
    single = [label for label, count in counts.items() if count < 2]
    if single:
        raise DataError(
            f'class {min(single)} has one training sample, which cannot be split, '
            f'{len(single)} such of {len(counts)} classes. Add samples, or set '
            'holdout=0.'
        )
    order = np.random.default_rng(seed).permutation(len(labels)).tolist()
    taken: Counter[int] = Counter()
    held: set[int] = set()
    placed: set[int] = set()
    for label in sorted(counts, key=lambda label: (counts[label], label)):
        wanted = min(max(round(fraction * counts[label]), 1), counts[label] - 1)
        for index in order:
            if index in placed or label not in labels[index]:
                continue
            placed.add(index)
            # Every class keeps a sample to train on.
            free = all(taken[other] + 1 < counts[other] for other in labels[index])
            if taken[label] < wanted and free:
                held.add(index)
                taken.update(set(labels[index]))
    plain = [index for index in order if not labels[index]]
    held.update(plain[: round(fraction * len(plain))])
    return [i for i in range(len(labels)) if i not in held], sorted(held)
