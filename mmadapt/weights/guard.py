"""Every loader of MMEngine asks check_task_state before it touches an adapted model.

``Runner``, ``mmpretrain.apis`` and ``mmaction.apis`` end in MMEngine's
``load_state_dict``, which turns missing keys and wrong shapes into a log line.
"""

from __future__ import annotations

import logging
from typing import Any

from mmengine.runner import checkpoint
from torch import nn

from ..wrapping import unwrapped
from .task_file import check_task_state

__all__ = ['install']

_upstream_load = checkpoint.load_state_dict


def install() -> None:
    """Guard MMEngine's loader; safe to call again."""
    checkpoint.load_state_dict = guarded_load_state_dict


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
