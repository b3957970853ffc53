"""Every loader of MMEngine asks check_task_state before it touches an adapted model.

``Runner``, ``mmpretrain.apis`` and ``mmaction.apis`` end in MMEngine's
``load_state_dict``, which turns missing keys and wrong shapes into a log line;
EMAHook fills its averaged model by torch's, which writes before it complains.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from mmengine import runner
from mmengine.model import BaseAveragedModel
from mmengine.runner import checkpoint
from torch import nn

from ..wrapping import unwrapped
from .task_file import check_task_state

__all__ = ['install']

_upstream_load = checkpoint.load_state_dict

AVERAGED = 'module.'


def install() -> None:
    """Guard MMEngine's loaders; safe to call again."""
    checkpoint.load_state_dict = guarded_load_state_dict
    setattr(runner, 'load_state_dict', guarded_load_state_dict)  # noqa: B010
    setattr(BaseAveragedModel, 'load_state_dict', guarded_load_average)  # noqa: B010


def guarded_load_state_dict(
    module: nn.Module,
    state_dict: dict[str, Any],
    strict: bool = False,
    logger: logging.Logger | str | None = None,
) -> None:
    """MMEngine's ``load_state_dict``, behind the check of task files.

    Args:
        module: The model, wrapped or not; one that isn't adapted loads as ever.
        state_dict: The weights.
        strict: As in MMEngine.
        logger: As in MMEngine.

    Raises:
        TaskFileError: The weights aren't this model's task; the model is untouched.
    """
    check_task_state(unwrapped(module), state_dict)
    _upstream_load(module, state_dict, strict, logger)


def guarded_load_average(
    average: BaseAveragedModel,
    state_dict: Mapping[str, Any],
    strict: bool = True,
    assign: bool = False,
) -> Any:
    """``load_state_dict`` of an averaged model, behind the same check.

    Args:
        average: The model that EMAHook keeps.
        state_dict: What ``ema_state_dict`` of a checkpoint holds.
        strict: As in torch.
        assign: As in torch.

    Raises:
        TaskFileError: The averages aren't of this model's task; it is untouched.
    """
    inside = {
        name.removeprefix(AVERAGED): tensor
        for name, tensor in state_dict.items()
        if name.startswith(AVERAGED)
    }
    check_task_state(average.module, inside)
    return nn.Module.load_state_dict(average, state_dict, strict, assign)
