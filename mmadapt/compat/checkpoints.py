"""MMEngine reads checkpoints with a bare ``torch.load``, or from the web.

The one is refused by torch 2.6, the other runs whatever the server sends.
"""

from __future__ import annotations

import mmengine.runner
from mmengine.runner import _flexible_runner, checkpoint, runner
from mmengine.runner.checkpoint import CheckpointLoader

from ..weights.download import read_from_web
from ..weights.latest import find_latest
from ..weights.reading import load_from_local

__all__ = ['read_checkpoints_safely']


def read_checkpoints_safely() -> bool:
    """Read local files, and those of the web, without running what is in them.

    Local files by MMEngine's own interface; everything that it loads from an address
    (http, and the names of model zoos) goes through one function of its module.
    Nothing is unpickled that the user didn't trust by name. What a run resumes from
    is looked for among its files, where MMEngine takes its note's word.

    Returns:
        Whether the reader was exchanged.
    """
    checkpoint.load_url = read_from_web
    for module in (checkpoint, mmengine.runner, runner, _flexible_runner):
        setattr(module, 'find_latest_checkpoint', find_latest)  # noqa: B010 - untyped
    if CheckpointLoader._schemes.get('') is load_from_local:
        return False
    CheckpointLoader.register_scheme(prefixes='', loader=load_from_local, force=True)
    return True
