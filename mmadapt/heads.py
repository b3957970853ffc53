"""The linear head of the paper for video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmaction.models.heads import BaseHead
from mmaction.registry import MODELS
from torch import Tensor, nn

from .errors import ConfigError, DataError
from .norms import GhostBatchNorm1d

__all__ = ['BNLinearHead']

CROSS_ENTROPY = {'type': 'CrossEntropyLoss', 'loss_weight': 1.0}


@MODELS.register_module()
class BNLinearHead(BaseHead):
    """BatchNorm without affine parameters, then a linear layer.

    The head of linear probing in `MAE <https://arxiv.org/abs/2111.06377>`_, which
    `AdaptFormer <https://arxiv.org/abs/2205.13535>`_ uses with every method.

    Args:
        num_classes: Number of classes.
        in_channels: Width C of the backbone's feature.
        loss_cls: Config of the loss; None is cross-entropy.
        topk: Accuracies logged in training.
        average_clips: How the views of one video are averaged in testing:
            ``'score'`` (raw logits, as in the official code), ``'prob'`` or None.
        std: Standard deviation of the linear layer's initial weights.
        ghost_batch: Clips that are normalised together; None for a GPU's whole batch.

    Raises:
        ConfigError: A number of classes or channels that isn't a whole number.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        loss_cls: Mapping[str, Any] | None = None,
        topk: int | Sequence[int] = (1, 5),
        average_clips: str | None = 'score',
        std: float = 0.01,
        ghost_batch: int | None = None,
    ) -> None:
        for name, value in (('num_classes', num_classes), ('in_channels', in_channels)):
            if not isinstance(value, int) or value < 1:
                raise ConfigError(
                    f'BNLinearHead got {name}={value!r}: a whole number from 1 on. '
                    'tools/train.py finds it where it is None; elsewhere run the '
                    'config through mmadapt.resolve_config, or write the value.'
                )
        super().__init__(
            num_classes,
            in_channels,
            loss_cls=dict(loss_cls or CROSS_ENTROPY),
            topk=topk if isinstance(topk, int) else tuple(topk),
            average_clips=average_clips,
        )
        self.std = std
        self.bn = GhostBatchNorm1d(in_channels, ghost_batch)
        self.fc = nn.Linear(in_channels, num_classes)
        self.init_weights()

    def init_weights(self) -> None:
        """Weights from N(0, std), biases zero."""
        nn.init.trunc_normal_(self.fc.weight, std=self.std)
        nn.init.zeros_(self.fc.bias)

    def forward(
        self,
        x: Tensor,
        num_segs: int = 1,
        fcn_test: bool = False,
        loss_aux: Mapping[str, Tensor] | None = None,
    ) -> Tensor:
        """Logits ``(B, num_classes)`` of features ``x`` of shape ``(B, C)``.

        Maps ``(B, C, T, H, W)``, such as Video Swin's, are averaged first, and so are
        the features ``(B * num_segs, C)`` of a Recognizer2D's frames: the head being
        linear in testing, that is the mean of the frames' logits, over all views.

        Args:
            x: The features.
            num_segs: Frames of a clip, each with a feature of its own.
            fcn_test: Recognizer2D's test on whole maps, which this head doesn't know.
            loss_aux: Losses of a neck, which the recognizer hands to every head and
                adds itself; not used here.

        Raises:
            ConfigError: ``fcn_test`` in the recognizer's ``test_cfg``.
            DataError: One clip alone in training, which BatchNorm can't normalise.
        """
        if fcn_test:
            raise ConfigError(
                'BNLinearHead reads one feature a frame or clip, no maps. Take '
                'fcn_test out of model.test_cfg.'
            )
        if x.ndim > 2:
            x = x.flatten(2).mean(2)
        if num_segs > 1:
            x = x.unflatten(0, (-1, num_segs)).mean(1)
        if self.training and x.shape[0] < 2:
            raise DataError(
                'BNLinearHead got a training batch of one clip; BatchNorm needs two. '
                'Raise batch_size and keep drop_last=True in train_dataloader.'
            )
        # MMAction2 turns the logits into numpy arrays, which know no bfloat16.
        return self.fc(self.bn(x)).float()
