"""The learning rate of the paper: linear warm-up from zero, then half a cosine."""

from __future__ import annotations

import math
from typing import Any

from mmengine.optim import OptimWrapper
from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import _ParamScheduler
from mmengine.registry import PARAM_SCHEDULERS
from torch.optim import Optimizer

from ..errors import ConfigError

__all__ = ['WarmupCosineLR']

INF = int(1e9)
"""MMEngine's length of a schedule without end."""


@PARAM_SCHEDULERS.register_module()
class WarmupCosineLR(LRSchedulerMixin, _ParamScheduler):
    r"""Closed form of the official schedule, for step t of E and a warm-up of w steps:

    .. math:: lr \, t / w \;\; (t < w), \qquad
        \tfrac{1}{2} lr \, (1 + \cos(\pi (t - w) / (E - w))) \;\; (t \ge w)

    The very first learning rate is 0, as in the code of `AdaptFormer
    <https://arxiv.org/abs/2205.13535>`_, which sets it at each iteration. Write
    ``warmup`` and ``end`` in epochs and ``convert_to_iter_based=True``.

    Args:
        optimizer: The optimizer or its wrapper.
        warmup: Length w of the warm-up, in epochs, or in iterations where
            ``by_epoch`` is False; None takes ``warmup_ratio``.
        end: Length E of the training, in the same unit; left out in a config, the
            runner gives it the training's.
        last_step: Last step that was done, for resuming without a state.
        by_epoch: Whether the unit is the epoch.
        verbose: Print each value.
        warmup_ratio: Share of the training that is warm-up, where ``warmup`` is None.

    Raises:
        ConfigError: A warm-up that isn't shorter than the training.
    """

    def __init__(
        self,
        optimizer: Optimizer | OptimWrapper,
        warmup: float | None = None,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
        warmup_ratio: float = 0.0,
    ) -> None:
        self.warmup = warmup_length(warmup, warmup_ratio, end)
        self.length = end
        super().__init__(
            optimizer, end=end, last_step=last_step, by_epoch=by_epoch, verbose=verbose
        )

    @classmethod
    def build_iter_from_epoch(
        cls,
        optimizer: Optimizer | OptimWrapper,
        warmup: float | None = None,
        end: int = INF,
        epoch_length: int = 1,
        by_epoch: bool = True,
        warmup_ratio: float = 0.0,
        **options: Any,
    ) -> WarmupCosineLR:
        """The schedule by iterations, from lengths in epochs.

        Args:
            optimizer: The optimizer or its wrapper.
            warmup: Epochs of warm-up; a fraction of one is allowed.
            end: Epochs of training.
            epoch_length: Iterations an epoch.
            by_epoch: Must be True.
            warmup_ratio: Share of the training, where ``warmup`` is None.
            options: The other arguments of the class.

        Raises:
            ConfigError: ``by_epoch`` is False: there is nothing to convert. Or a
                warm-up that isn't shorter than the training, in epochs.
        """
        if not by_epoch:
            raise ConfigError(
                'WarmupCosineLR: convert_to_iter_based=True needs by_epoch=True, with '
                'warmup and end in epochs.'
            )
        return cls(
            optimizer,
            warmup=warmup_length(warmup, warmup_ratio, end) * epoch_length,
            end=int(end * epoch_length),
            by_epoch=False,
            **options,
        )

    def _get_value(self) -> list[float]:
        factor = warmup_cosine(self.last_step, self.warmup, self.length)
        return [base * factor for base in self.base_values]


def warmup_cosine(step: int, warmup: float, length: int) -> float:
    """Share of the base learning rate at a step, from 0 to 1.

    Args:
        step: Steps done.
        warmup: Steps of warm-up.
        length: Steps of training.
    """
    if step < warmup:
        return step / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (length - warmup)))


def warmup_length(warmup: float | None, ratio: float, end: int) -> float:
    """The warm-up in the unit of ``end``, checked.

    Raises:
        ConfigError: With the values given.
    """
    if warmup is None:
        if not isinstance(ratio, (int, float)) or not 0 <= ratio < 1:
            raise ConfigError(
                f'WarmupCosineLR got warmup_ratio={ratio!r}: a share of the training '
                'from 0 up to, not including, 1.'
            )
        return ratio * end
    numbers = isinstance(warmup, (int, float)) and isinstance(end, (int, float))
    if not numbers or not 0 <= warmup < end:  # type: ignore[operator]
        raise ConfigError(
            f'WarmupCosineLR got warmup={warmup!r} and end={end!r}: a warm-up from 0 '
            'up to, not including, the length of the training. For a short training '
            'set both: --cfg-options train_cfg.max_epochs=2 param_scheduler.warmup=0.2.'
        )
    return warmup
