"""Weights of transformers, whose files name their tensors otherwise than its models."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from torch import Tensor

from ..errors import WeightsError

__all__ = ['read_transformers']


def read_transformers(folder: str | PathLike[str], kind: Any) -> dict[str, Tensor]:
    """The tensors of a saved model, in the names of the model that is built from it.

    Since release 5 transformers renames on loading; only its own loader knows how. It
    reads safetensors alone here, and nothing from the network.

    Args:
        folder: With config.json and model.safetensors, as ``save_pretrained`` writes.
        kind: The model's class, such as ``transformers.ViTModel``.

    Raises:
        WeightsError: There is no such file, or it lacks something of the model.
    """
    try:
        model, info = kind.from_pretrained(
            Path(folder),
            local_files_only=True,
            use_safetensors=True,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise WeightsError(
            f"'{folder}' does not hold a {kind.__name__} of transformers, config.json "
            f'and model.safetensors: {error}'
        ) from error
    absent = sorted(
        name for name in info['missing_keys'] if not name.startswith('pooler.')
    )
    if absent:
        raise WeightsError(
            f"'{folder}' lacks {len(absent)} tensors of {kind.__name__}, which would "
            f'be random: {", ".join(absent[:5])}.'
        )
    return {
        name: tensor
        for name, tensor in model.state_dict().items()
        if not name.startswith('pooler.')
    }
