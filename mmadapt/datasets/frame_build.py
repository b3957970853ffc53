"""Making a store of frames: measured first, whole or marked as unfinished."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from ..errors import ConfigError, DataError, StorageError
from .frame_format import FrameFormat
from .frame_journal import FrameJournal
from .frame_pack import Measure, measure_clip, pack_clip
from .frame_store import INDEX, FrameStore, KeptClip
from .video_jobs import run_jobs
from .video_lists import write_whole

__all__ = ['StoreBuilder']

Result = TypeVar('Result')

JOURNAL = 'unfinished.jsonl'
LITTLE = 2**28
"""Bytes that stay free on the disk."""


class StoreBuilder:
    """Keeps the frames of clips in a folder; called again it goes on where it ended.

    What is done is noted clip by clip, and becomes the index at the end. Clips that an
    earlier call kept stay in the index. Where a power cut has left no index that can be
    read, nothing says which frames are whole: those that the notes don't name are made
    anew.

    Args:
        folder: Where.
        form: How frames are kept.
        clips: Key in the index to clip, see :class:`FrameStore`.
        workers: Processes at once.

    Raises:
        ConfigError: The folder holds frames that were kept in another way.
    """

    def __init__(
        self, folder: Path, form: FrameFormat, clips: Mapping[str, Path], workers: int
    ) -> None:
        self.clips, self.workers = clips, workers
        self.journal = FrameJournal(folder / JOURNAL)
        self.store = FrameStore(folder, form)
        self.read_index()
        former, noted = self.journal.read()
        check_same(folder, former or form, form)
        self.store.clips.update(noted)
        self.problems: dict[Path, str] = {}
        self.todo = [key for key in clips if not self.is_whole(key)]

    def read_index(self) -> None:
        """Take over what a finished call had kept.

        Raises:
            ConfigError: In another way; or it is of another program.
        """
        folder, form = self.store.folder, self.store.form
        index = folder / INDEX
        if not index.exists():
            return
        if not is_json(index):  # torn; what is whole and isn't ours stays
            print(
                f'{folder / INDEX} can not be read: the frames are made anew. Clips '
                'that only other lists name come back when this is called for those.'
            )
            return
        try:
            store = FrameStore.read(folder)
        except DataError as error:
            raise ConfigError(
                f'{index} was written by another program, or a later release of this '
                'one, and stays. Choose another folder.'
            ) from error
        check_same(folder, store.form, form)
        self.store = store

    def is_whole(self, key: str) -> bool:
        """Whether a clip's frames are there, and the clip is as it was."""
        clip = self.store.clips.get(key)
        file = self.store.file_of(key)
        if clip is None or not file.is_file() or file.stat().st_size != clip.size:
            return False
        return origin(self.clips[key]) == (clip.source_size, clip.source_changed)

    def measure(self) -> int:
        """Bytes that the clips which aren't there yet will take; those of JPEG about.

        Clips that can't be decoded go to :attr:`problems`.
        """
        job = partial(measure, form=self.store.form)
        return sum(found.size for _, found in self.work(job, self.todo, 'measuring'))

    def check_room(self, size: int) -> None:
        """Refuse to begin what doesn't fit.

        Raises:
            ConfigError: The disk has no room for so many bytes.
        """
        free = self.free()
        if size + LITTLE > free:
            raise ConfigError(
                f'{self.store.folder}: the frames take {size / 1e9:.1f} GB, and '
                f'{free / 1e9:.1f} GB are free. Choose another folder, --format jpeg, '
                'a smaller --short-side or a lower --quality.'
            )

    def free(self) -> int:
        """Bytes free where the store is, or will be."""
        folder = self.store.folder.absolute()
        there = next(path for path in (folder, *folder.parents) if path.exists())
        return shutil.disk_usage(there).free

    def build(self) -> int:
        """Keep the frames of what isn't there yet; returns how many clips were kept.

        Raises:
            StorageError: The disk is full, or the notes can't be written.
        """
        todo = [key for key in self.todo if self.clips[key] not in self.problems]
        self.store.folder.mkdir(parents=True, exist_ok=True)
        done = 0
        self.journal.begin(self.store.form)
        job = partial(keep, store=FrameStore(self.store.folder, self.store.form))
        try:
            for key, clip in self.work(job, todo, 'keeping frames'):
                self.store.clips[key] = clip
                self.journal.add(key, clip)
                done += 1
        finally:
            self.journal.settle()
        return done

    def finish(self) -> None:
        """Write the index, with the clips that are left out for good.

        Raises:
            StorageError: It can't be written.
        """
        for key, file in self.clips.items():
            self.store.broken.pop(key, None)
            if file in self.problems:
                self.store.clips.pop(key, None)
                self.store.broken[key] = self.problems[file]
        write_whole(self.store.folder / INDEX, self.store.index())
        self.journal.file.unlink(missing_ok=True)

    def work(
        self, job: Callable[[Task], Result], keys: Iterable[str], title: str
    ) -> Iterator[tuple[str, Result]]:
        """Results of a job on some clips; those that fail go to :attr:`problems`.

        Raises:
            StorageError: The disk is full.
        """
        tasks = [Task(key, self.clips[key]) for key in keys]
        for outcome in run_jobs(job, tasks, self.workers, title):
            if outcome.result is not None:
                yield outcome.item.key, outcome.result
                continue
            if self.free() < LITTLE:
                raise StorageError(
                    f'{self.store.folder}: the disk is full ({outcome.problem}). Make '
                    'room, and call this again: what is there stays.'
                )
            self.problems[outcome.item.clip] = outcome.problem or ''


def is_json(file: Path) -> bool:
    """Whether a file was written whole: a power cut leaves zeros, or nothing."""
    try:
        json.loads(file.read_bytes())
    except ValueError:
        return False
    return True


class Task(NamedTuple):
    """One clip to work on.

    Attributes:
        key: Its key in the index.
        clip: The clip.
    """

    key: str
    clip: Path


def measure(task: Task, form: FrameFormat) -> Measure:
    """See :func:`measure_clip`."""
    return measure_clip(task.clip, form)


def keep(task: Task, store: FrameStore) -> KeptClip:
    """Keep the frames of one clip."""
    before = origin(task.clip)
    return KeptClip(*pack_clip(task.clip, store.file_of(task.key), store.form), *before)


def origin(clip: Path) -> tuple[int, int]:
    """By what a clip is known to be as it was: its bytes, and its last change."""
    stat = clip.stat()
    return stat.st_size, stat.st_mtime_ns


def check_same(folder: Path, there: FrameFormat, asked: FrameFormat) -> None:
    """Refuse to mix frames that are kept in different ways.

    Raises:
        ConfigError: With both.
    """
    if there != asked:
        raise ConfigError(
            f'{folder} holds frames kept in another way, {there}, than asked for, '
            f'{asked}. Give the same options, or another folder.'
        )
