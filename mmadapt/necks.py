"""The BatchNorm of the paper's head for images, on fewer GPUs than the paper's."""

from __future__ import annotations

from mmpretrain.models.necks import ClsBatchNormNeck
from mmpretrain.registry import MODELS

from .norms import GhostBatchNorm1d

__all__ = ['GhostBatchNormNeck']


@MODELS.register_module()
class GhostBatchNormNeck(ClsBatchNormNeck):
    """MMPretrain's ClsBatchNormNeck that normalises parts of the batch.

    Args:
        input_features: Width C of the backbone's feature.
        ghost_batch: Images that are normalised together; None for the whole batch.

    Raises:
        ConfigError: A ``ghost_batch`` below 2.
    """

    def __init__(self, input_features: int, ghost_batch: int | None = None) -> None:
        super().__init__(input_features)
        self.bn = GhostBatchNorm1d(input_features, ghost_batch)
