"""A model in whose backbone's place something else stands."""

from __future__ import annotations

from copy import copy
from typing import Any

from torch import Tensor, nn

from ..errors import ConfigError

__all__ = ['backbone_input', 'finish']


class _Seen(Exception):  # noqa: N818 - no error, a way out
    """Carries what a backbone was about to read out of a model."""

    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.x = x


class Stub(nn.Module):
    """Stands for a backbone: its features, or a way out with what it would read."""

    def __init__(self, features: Any = None) -> None:
        super().__init__()
        self.features = features

    def forward(self, x: Tensor) -> Any:
        """The features that it was given."""
        if self.features is None:
            raise _Seen(x)
        return self.features


def around(model: Any, stub: Stub) -> Any:
    """A model with a stub for its backbone, which is handed all views at once.

    Everything else is the model's own, and that stays as it is.
    """
    outer = copy(model)
    outer._modules = {**model._modules, 'backbone': stub}
    if model.__dict__.get('test_cfg') is not None:
        outer.test_cfg = {**model.test_cfg, 'max_testing_views': None}
    return outer


def backbone_input(model: Any, data: dict[str, Any]) -> Tensor:
    """What the backbone of a model would read of a batch.

    Raises:
        ConfigError: It predicts without its backbone.
    """
    try:
        around(model, Stub())(**data, mode='predict')
    except _Seen as seen:
        return seen.x
    raise ConfigError(f'{type(model).__name__} predicts without its backbone.')


def finish(model: Any, data: dict[str, Any], features: Any) -> Any:
    """What a model predicts of a batch of one whose features are known."""
    return around(model, Stub(features))(**data, mode='predict')[0]
