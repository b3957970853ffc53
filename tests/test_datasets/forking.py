"""What forks of a process do with its decoders, each told in a line.

Run by test_forks.py in a process of its own: what is registered for forks stays.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmadapt.datasets import packets, readers, streams
from mmadapt.datasets.readers import VideoFile
from mmadapt.datasets.video_check import check_whole
from mmadapt.errors import DataError

LIMIT = 20.0  # seconds; a fork needs a few milliseconds
kept: dict[str, Any] = {}


class Ring:
    """Garbage that only the collector frees."""

    def __init__(self, value: object) -> None:
        self.value, self.itself = value, self


def opened(clip: Path) -> VideoFile:
    """A clip whose decoder was at work."""
    video = VideoFile(clip, sparse=True)
    video.read([0, 3])
    return video


def in_fork(name: str, work: Callable[[], object]) -> None:
    """Print how a fork ends that does something."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        work()
        os._exit(0)
    end = time.monotonic() + LIMIT
    done = status = 0
    while not done and time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.01)
    if not done:
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
    print(f'{name}: {"hung" if not done else status}', flush=True)


def drop() -> None:
    """Drop what is kept, and the rings that it was part of."""
    kept.clear()
    gc.collect()


def fork_again() -> None:
    """A fork of a fork, both of which drop the clip."""
    child = os.fork()
    drop()
    if child:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def of_another_thread(clip: Path) -> None:
    """A fork, in which the variables of other threads are gone from the start."""
    ready, over, own = threading.Event(), threading.Event(), threading.local()

    def wait() -> None:
        own.video = opened(clip)
        ready.set()
        over.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    ready.wait()
    in_fork('another thread', gc.collect)
    over.set()
    thread.join()


def error_of(work: Callable[[], object]) -> Exception:
    """The error that something ends with."""
    try:
        work()
    except (DataError, MemoryError, ValueError) as error:
        return error
    raise AssertionError('there is none')


def out_of_memory(frames: Any, *_: object) -> None:
    """A fault of the machine while a decoder is at work."""
    for _ in frames:
        pass
    raise MemoryError


def too_large(frame: Any, turns: int) -> None:
    """The same, at one frame."""
    raise MemoryError


def main(reader: str, clip: Path, damaged: Path) -> None:
    """Do all of it with one decoder."""
    readers.READERS = (getattr(readers, reader),)
    readers.decoder_threads = streams.decoder_threads = lambda: 4
    gc.disable()
    Ring(opened(clip))
    in_fork('garbage', gc.collect)
    gc.collect()
    kept['video'] = opened(clip)
    in_fork('dropped', drop)
    in_fork('dropped twice', fork_again)
    kept.clear()
    of_another_thread(clip)
    kept['error'] = error_of(lambda: opened(clip).read([99999]))
    in_fork('error', drop)
    if reader == 'PyAV':
        kept['error'] = error_of(lambda: readers.PyAV(str(damaged)).read(range(12)))
        in_fork('error of its decoder', drop)
    readers.pick, packets.upright = out_of_memory, too_large
    if reader != 'Decord':  # which picks by itself
        kept['error'] = error_of(lambda: VideoFile(clip, sparse=True).read([3]))
        in_fork('own fault', drop)
    kept['error'] = error_of(lambda: check_whole(damaged))
    in_fork('check', drop)


if __name__ == '__main__':
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
