"""MMEngine reads checkpoints with a bare ``torch.load``, which torch 2.6 refuses."""

from __future__ import annotations

from mmengine.runner.checkpoint import CheckpointLoader

from ..weights.reading import load_from_local

__all__ = ['read_checkpoints_safely']


def read_checkpoints_safely() -> bool:
    """Register our reader for local files, by MMEngine's own interface.

    It never unpickles a file that the user didn't trust by name.

    Returns:
        Whether the reader was exchanged.
    """
    if CheckpointLoader._schemes.get('') is load_from_local:
        return False
    CheckpointLoader.register_scheme(prefixes='', loader=load_from_local, force=True)
    return True
