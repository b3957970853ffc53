"""BatchNorm that normalises parts of a batch each by itself."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from .errors import ConfigError, DataError

__all__ = ['GhostBatchNorm1d']


MOMENTUM = 0.1


class GhostBatchNorm1d(nn.BatchNorm1d):
    """What BatchNorm does on several GPUs, on fewer of them.

    The paper trains with 128 images or 16 clips a GPU, and each GPU normalises its own.
    A larger batch on one GPU is cut into such parts (ghost batches, `Hoffer et al.
    <https://arxiv.org/abs/1705.08741>`_). The running statistics are the mean of those
    that the parts would have kept, which is what SyncTrainedBuffersHook makes of those
    of several GPUs. Weights have the names of :class:`torch.nn.BatchNorm1d`.

    Args:
        num_features: Width C.
        ghost_batch: Samples that are normalised together; None for the whole batch.
        affine: Whether to learn a scale and a shift.
        eps: Added to the variance.

    Raises:
        ConfigError: A ``ghost_batch`` below 2.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(
        self,
        num_features: int,
        ghost_batch: int | None = None,
        affine: bool = False,
        eps: float = 1e-6,
    ) -> None:
        if ghost_batch is not None and (
            not isinstance(ghost_batch, int) or ghost_batch < 2
        ):
            raise ConfigError(
                f'ghost_batch={ghost_batch!r}: how many samples are normalised '
                'together, a whole number from 2 on (the paper: 128 images, 16 clips), '
                'or None for the whole batch.'
            )
        super().__init__(num_features, eps=eps, momentum=MOMENTUM, affine=affine)
        self.ghost_batch = ghost_batch

    def forward(self, x: Tensor) -> Tensor:
        """Normalised features of the shape ``(B, C)`` of ``x``.

        Raises:
            DataError: In training, a batch that doesn't divide into such parts.
        """
        if not self.training or self.ghost_batch is None:
            return super().forward(x)
        parts, rest = divmod(len(x), self.ghost_batch)
        if rest or not parts:
            raise DataError(
                f'a training batch of {len(x)} is no whole number of ghost batches of '
                f'{self.ghost_batch}: make batch_size a multiple of ghost_batch, and '
                'keep drop_last=True in train_dataloader.'
            )
        # Each part's features as columns of their own: one call normalises them all.
        columns = x.unflatten(0, (parts, -1)).transpose(0, 1).flatten(1)
        means = self.running_mean.repeat(parts)
        variances = self.running_var.repeat(parts)
        columns = F.batch_norm(
            columns, means, variances, training=True, momentum=MOMENTUM, eps=self.eps
        )
        self.running_mean.copy_(means.view(parts, -1).mean(0))
        self.running_var.copy_(variances.view(parts, -1).mean(0))
        self.num_batches_tracked.add_(1)
        out = columns.unflatten(1, (parts, -1)).transpose(0, 1).flatten(0, 1)
        if self.affine:
            out = out * self.weight + self.bias
        return out
