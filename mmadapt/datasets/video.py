"""Clips named in a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from mmaction.registry import DATASETS

from .frame_store import FrameStore
from .lists import Entry, check_labels, find_files, read_list
from .names import read_class_names
from .readers import VideoFile
from .reading import DecodeVideo, OpenVideo
from .time_limit import SECONDS, within
from .tolerant import FileDataset

__all__ = ['VideoList']


@DATASETS.register_module()
class VideoList(FileDataset):
    """Clips from a text file: ``<path> <label>`` a line, as SSv2 and HMDB51 lists are.

    The label is the last field, so that paths may hold spaces. A path is looked for in
    the folder named like the list, beside it, in ``data_root``, and as it stands.
    ``data_root/classes.txt`` names the classes.

    Args:
        ann_file: The list, such as ``'train.txt'``.
        data_root: The folder of the data.
        ann_dir: The folder of the list below ``data_root``, where there are several
            splits; None is ``data_root`` itself.
        pipeline: Transforms.
        num_classes: Number of classes; None takes that of the names, or else one more
            than the highest label of the list.
        test_mode: A part that is tested may lack a class, one that trains may not.
        metainfo: May give the classes, in label order.
        frame_store: A folder that ``tools/data/frame_store.py`` made of these clips:
            their frames are read there. None decodes the clips.
        lazy_init: Read the list later, on ``full_init``.
        serialize_data: As in MMEngine.

    Raises:
        DataError: A list or clip is missing, a line can't be read, a label has no
            class, a class has no clip, the store doesn't match the list.
    """

    FILE: ClassVar[str] = 'filename'

    def __init__(
        self,
        ann_file: str,
        data_root: str = '',
        ann_dir: str | None = None,
        pipeline: Sequence[Mapping[str, Any]] = (),
        num_classes: int | None = None,
        test_mode: bool = False,
        metainfo: Mapping[str, Any] | None = None,
        frame_store: str | None = None,
        lazy_init: bool = False,
        serialize_data: bool = True,
    ) -> None:
        self.num_classes = num_classes
        self.frame_store = frame_store
        super().__init__(
            ann_file=str(Path(ann_dir or '') / ann_file),
            data_root=str(data_root),
            data_prefix={},
            pipeline=list(pipeline),
            test_mode=test_mode,
            metainfo=dict(metainfo or {}),
            lazy_init=lazy_init,
            serialize_data=serialize_data,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """One entry a clip, with the fields that MMAction2's transforms read."""
        file = Path(self.ann_file)
        entries = read_list(file)
        names = self._metainfo.get('classes') or read_class_names(Path(self.data_root))
        if names:
            self._metainfo['classes'] = tuple(names)
        check_labels(file, entries, names, self.num_classes, not self.test_mode)
        places = (file.with_suffix(''), file.parent, Path(self.data_root), Path())
        folders = list(dict.fromkeys(places))
        clips = self.find_clips(entries, folders, file)
        return [
            {**clip, 'label': entry.label, 'start_index': 0, 'modality': 'RGB'}
            for clip, entry in zip(clips, entries, strict=True)
        ]

    def find_clips(
        self, entries: Sequence[Entry], folders: Sequence[Path], file: Path
    ) -> list[dict[str, Any]]:
        """Where each clip is, and where its frames are if they were kept."""
        if self.frame_store is None:
            clips = find_files(entries, folders, file)
            return [{'filename': str(clip)} for clip in clips]
        store = FrameStore.read(Path(self.frame_store))
        return store.find(entries, folders, Path(self.data_root), file)

    def check_sample(self, info: Mapping[str, Any]) -> None:
        """Decode the first and the last frame of a clip, unless its frames are kept.

        It may take as long as the pipeline's own steps may, if that is longer than is
        usual: it decodes more of a clip than they do.

        Raises:
            BrokenFileError: It can't be.
        """
        if 'frames_file' not in info:
            path = info[self.FILE]
            steps = (OpenVideo, DecodeVideo)
            given = [
                t.seconds for t in self.pipeline.transforms if isinstance(t, steps)
            ]
            within(max(SECONDS, sum(given)), lambda: read_ends(path), path)


def read_ends(path: str) -> None:
    """Decode the first and the last frame of a clip."""
    video = VideoFile(path)
    video.read([0, len(video) - 1])
