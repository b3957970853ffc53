"""Whether a backbone goes on from its activations as it does from its inputs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from ..errors import AdaptError, ConfigError
from .replay import KEPT
from .source import Source

__all__ = ['check_replay']


@torch.no_grad()
def check_replay(source: Source) -> None:
    """Compare the model's outputs from kept activations with those from the start.

    Raises:
        ConfigError: They differ, or there are none: the backbone can't be cut there.
    """
    item = source.item()
    batch = source.loader.collate_fn([item, item])
    rows = source.rows(batch, 2, training=False)
    whole = output(source, batch)
    try:
        replayed = output(source, {**batch, 'inputs': rows, KEPT: True})
    except (AdaptError, MemoryError, torch.OutOfMemoryError):
        raise
    # Whatever a backbone stumbles over that is given what it does not expect.
    except Exception as error:
        reason = f'fails on its activations ({type(error).__name__}: {error})'
        raise uncut(source, reason) from error
    if len(whole) != len(replayed) or not all(map(equal, whole, replayed)):
        raise uncut(source, 'gives another output from its activations')


def output(source: Source, batch: Any) -> list[Any]:
    """All that a model gives for a batch, in one row."""
    with source.opened(training=False):
        data = source.model.data_preprocessor(batch, False)
        found = source.model(data['inputs'], data['data_samples'], mode='tensor')
    return tree_leaves(found)


def equal(one: Any, other: Any) -> bool:
    """Whether two parts of outputs are alike, as far as they are tensors."""
    if not isinstance(one, Tensor):
        return True
    return isinstance(other, Tensor) and torch.equal(one, other)


def uncut(source: Source, reason: str) -> ConfigError:
    """That a backbone can't be cut at the boundary."""
    boundary = source.boundary
    return ConfigError(
        f'{type(boundary.backbone).__name__} {reason}, {boundary}: it cannot be cut '
        'there. Put adapters into other layers, or train without the cache.'
    )
