"""Whole runs of the tools in processes of their own, so that they can be killed.

A process is forked from this one, in which the libraries are loaded already: what it
runs is the tool's file from its first line on.
"""

from __future__ import annotations

import os
import resource
import runpy
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mmadapt  # noqa: F401  (before MMPretrain, which needs its workarounds)

import mmpretrain.models  # isort: skip  # noqa: F401 - loaded once, not in each run

__all__ = ['UNCAUGHT', 'Ended', 'run', 'train']

TOOLS = Path(__file__).resolve().parents[2]
UNCAUGHT = 70
"""Exit status of a run that ended with a traceback."""
POLL = 0.0005  # seconds; a save of the tiny task takes a few milliseconds
IDLE = 0.01


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes:
        status: Its exit status, minus the signal where one ended it; None if it was
            still running when its time was over.
        seconds: How long it took.
        log: What it printed.
    """

    status: int | None
    seconds: float
    log: str


def train(
    argv: list[str],
    log: Path,
    limit: float,
    disturb: Callable[[int, float], bool] | None = None,
    file_limit: int | None = None,
) -> Ended:
    """Run ``tools/train.py``; see :func:`run`."""
    return run('train.py', argv, log, limit, disturb, file_limit)


def run(
    tool: str,
    argv: list[str],
    log: Path,
    limit: float,
    disturb: Callable[[int, float], bool] | None = None,
    file_limit: int | None = None,
) -> Ended:
    """Run a tool from its first line on.

    Args:
        tool: Its file below ``tools``.
        argv: Its arguments.
        log: File for its output.
        limit: Seconds after which it is taken for hung, and killed.
        disturb: Called over and over with the process id and the seconds since the
            start, until it returns True.
        file_limit: Bytes that no file may exceed, None for no limit.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        run_tool(TOOLS / tool, argv, log, file_limit)
    done, status = 0, 0
    while done == 0:
        done, status = os.waitpid(child, os.WNOHANG)
        seconds = time.monotonic() - start
        if done:
            break
        if seconds > limit:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return Ended(None, seconds, log.read_text(errors='replace'))
        if disturb is not None and disturb(child, seconds):
            disturb = None
        time.sleep(IDLE if disturb is None else POLL)
    code = os.waitstatus_to_exitcode(status)
    return Ended(code, seconds, log.read_text(errors='replace'))


def run_tool(tool: Path, argv: list[str], log: Path, file_limit: int | None) -> None:
    """The forked process; it does not return."""
    os.setpgid(0, 0)  # so that its workers can be ended with it
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(file, stream)
    sys.stdout = open(1, 'w', buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, 'w', buffering=1, closefd=False)  # noqa: SIM115
    if file_limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
    sys.argv = [str(tool), *argv]
    status = 0
    try:
        runpy.run_path(str(tool), run_name='__main__')
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1 if end.code else 0
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        status = UNCAUGHT
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
