"""The frames of all clips of some lists, and the index that says what is there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import DataError
from .frame_format import FrameFormat
from .frame_read import AGAIN, check_file
from .lists import Entry, path_in
from .places import place_of

__all__ = ['INDEX', 'FrameStore', 'KeptClip']

INDEX = 'index.json'
VERSION = 1


class KeptClip(NamedTuple):
    """One clip of a store.

    Attributes:
        frames: How many there are, as the decoder counts them.
        height: Pixels of each.
        width: The same.
        size: Bytes of the file of the frames.
        source_size: Bytes of the clip that they were decoded from.
        source_changed: Its last change, nanoseconds.
    """

    frames: int
    height: int
    width: int
    size: int
    source_size: int
    source_changed: int


@dataclass
class FrameStore:
    """A folder of kept frames.

    Attributes:
        folder: Where.
        form: How frames are kept.
        clips: What is there, by the clip's path: below ``data_root``, or absolute.
        broken: Clips that were left out as they can't be decoded, with the reason.
    """

    folder: Path
    form: FrameFormat
    clips: dict[str, KeptClip] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> FrameStore:
        """The store in a folder.

        Raises:
            DataError: There is none, an unfinished one, or a damaged index.
        """
        index = folder / INDEX
        if not index.is_file():
            raise DataError(
                f'{folder} is no finished store of frames, it has no {INDEX}. Make it '
                'with tools/data/frame_store.py; interrupted, that goes on where it '
                'was.'
            )
        try:
            content = json.loads(index.read_text(encoding='utf-8'))
            if content['frame_store'] != VERSION:
                raise ValueError(f'version {content["frame_store"]}')
            clips = {key: KeptClip(*clip) for key, clip in content['clips'].items()}
            form = FrameFormat(**content['format'])
            return cls(folder, form, clips, dict(content['broken']))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError(
                f'{index} is no index of a store of frames ({error!r}). {AGAIN}'
            ) from error

    def index(self) -> str:
        """The content of the index, by which the store is finished."""
        content = {
            'frame_store': VERSION,
            'format': asdict(self.form),
            'broken': self.broken,
            'clips': self.clips,
        }
        return json.dumps(content, ensure_ascii=True) + '\n'

    def file_of(self, key: str) -> Path:
        """Where the frames of a clip are."""
        return self.folder / 'frames' / f'{place_of(key)}{self.form.ending}'

    def find(
        self, entries: Sequence[Entry], folders: Sequence[Path], root: Path, list_: Path
    ) -> list[dict[str, Any]]:
        """What a dataset has to know of each clip of a list.

        A clip is looked for as :func:`mmadapt.datasets.lists.find_file` does; the clip
        itself need not be there, its frames must.

        Args:
            entries: Lines of the list.
            folders: Where clips are looked for, in this order.
            root: The folder of the data.
            list_: The list, for the error.

        Raises:
            DataError: Clips are not in the store, have changed since, or their frames
                are missing or cut off.
        """
        found, problems = [], []
        for entry in entries:
            path, key = self.place(entry, folders, root)
            try:
                found.append({'filename': str(path), **self.described(path, key)})
            except DataError as error:
                problems.append(f'line {entry.line}: {error}')
        if problems:
            raise DataError(
                f'{len(problems)} of {len(entries)} clips of {list_} do not match the '
                f'store of frames {self.folder}; {problems[0]} Or leave the store out '
                '(frame_store=None).'
            )
        return found

    def place(
        self, entry: Entry, folders: Sequence[Path], root: Path
    ) -> tuple[Path, str]:
        """The path of a clip and its key here, or that of the first place tried."""
        paths = [folder / entry.path for folder in folders]
        places = [(path, path_in(path, root)) for path in paths]
        for path, key in places:
            if key in self.clips or key in self.broken:
                return path, key
        return next((p for p in places if p[0].is_file()), places[0])

    def described(self, path: Path, key: str) -> Mapping[str, Any]:
        """Where the frames of a clip are; nothing for one that was left out.

        Raises:
            DataError: See :meth:`find`.
        """
        if key in self.broken:
            return {}
        if key not in self.clips:
            raise DataError(f'{str(path)!r} is not in it. {AGAIN}')
        clip = self.clips[key]
        if path.is_file() and path.stat().st_size != clip.source_size:
            raise DataError(
                f'{str(path)!r} has {path.stat().st_size:,} bytes, and had '
                f'{clip.source_size:,} when its frames were kept. {AGAIN}'
            )
        file = self.file_of(key)
        check_file(file, clip.size)
        return {
            'frames_file': str(file),
            'total_frames': clip.frames,
            'frames_size': clip.size,
        }
