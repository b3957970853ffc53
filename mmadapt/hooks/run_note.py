"""The run that a folder belongs to, said before it has a checkpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.runner import Runner

from ..errors import StorageError
from ..weights.latest import candidates
from ..weights.run_line import RUN_NOTE, RunLine
from .leftovers import remove_leftovers
from .storage import write_whole

__all__ = ['begin_run']


def begin_run(runner: Runner, out_dir: str, resumed: Mapping[str, Any]) -> RunLine:
    """Give a training an id, note it in its folder, and clear up there.

    Warns where a training from the beginning finds checkpoints of another one.

    Args:
        runner: Before its first epoch.
        out_dir: Where it writes checkpoints.
        resumed: What the file holds that it goes on from; empty at the beginning.

    Returns:
        The id, with those of the runs before.

    Raises:
        StorageError: The folder can't be written to.
    """
    folder = Path(runner.work_dir)
    if resumed:
        file = Path(str(runner._load_from)).resolve()
        inside = file.parent == folder.resolve()
        line = RunLine.after(resumed, '' if inside else str(file))
    else:
        line = RunLine.fresh()
    if not is_main_process():
        return line
    folders = {folder} if '://' in out_dir else {folder, Path(out_dir)}
    for name in [name for one in folders for name in remove_leftovers(one)]:
        runner.logger.info(f'{name} is removed, half written by a run that was killed')
    there = {file.name for one in folders for file in candidates(one)}
    if there and not resumed:
        runner.logger.warning(
            'this training starts from the beginning among checkpoints of another '
            f'one: {", ".join(sorted(there))}. Files of the same name are written '
            'over; --resume will pass over the others. Another work_dir keeps the two '
            'apart; to go on with the other one, stop this and give --resume FILE.'
        )
    try:
        write_whole(json.dumps(line.plain()).encode(), folder / RUN_NOTE)
    except OSError as error:
        raise StorageError(
            f"'{folder / RUN_NOTE}' can't be written: {error}. Nothing was trained by "
            'this run yet: make room there, or give it a work_dir that can be written '
            'to.'
        ) from error
    return line
