"""Kept frames: those of the clips, whole, or an error."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from mmengine.registry import DefaultScope

from mmadapt.datasets import frame_build
from mmadapt.datasets.frame_build import StoreBuilder
from mmadapt.datasets.frame_format import FrameFormat
from mmadapt.datasets.frame_pack import measure_clip, pack_clip, write_raw
from mmadapt.datasets.frame_read import StoredClip
from mmadapt.datasets.frame_store import FrameStore
from mmadapt.datasets.readers import VideoFile
from mmadapt.datasets.video import VideoList
from mmadapt.datasets.video_jobs import Outcome, attempt
from mmadapt.errors import ConfigError, DataError, StorageError
from tests.test_datasets.clips import cut, numbers, write_clip, write_noise

RAW = FrameFormat('raw')
PIPELINE = [
    {'type': 'OpenVideo'},
    {'type': 'SampleClip', 'clip_len': 4, 'frame_interval': 3},
    {'type': 'DecodeVideo'},
]


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Processes of their own are for the tool's test; each takes seconds to start."""

    def run_here(job: Any, items: Any, *_: Any) -> Iterator[Outcome]:
        return (Outcome(item, *attempt(job, item)) for item in items)

    monkeypatch.setattr(frame_build, 'run_jobs', run_here)
    with DefaultScope.overwrite_default_scope('mmaction'):
        yield


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three clips, one of them away from the others."""
    root = tmp_path / 'data'
    write_clip(root / 'train' / 'a.mp4', 15)
    write_noise(root / 'b.mp4', 20)
    write_clip(tmp_path / 'far' / 'c.mp4', 3)
    (root / 'train.txt').write_text(f'a.mp4 0\nb.mp4 1\n{tmp_path}/far/c.mp4 1\n')
    return root


def keys(root: Path) -> dict[str, Path]:
    far = root.parent / 'far' / 'c.mp4'
    return {
        'train/a.mp4': root / 'train' / 'a.mp4',
        'b.mp4': root / 'b.mp4',
        str(far): far,
    }


def build(root: Path, form: FrameFormat = RAW) -> Path:
    folder = root.parent / 'store'
    builder = StoreBuilder(folder, form, keys(root), 1)
    builder.build()
    builder.finish()
    return folder


def clips(root: Path, folder: Path | None, **options: Any) -> VideoList:
    store = None if folder is None else str(folder)
    return VideoList(
        'train.txt', str(root), pipeline=PIPELINE, frame_store=store, **options
    )


def frames_of(clip: Path, form: FrameFormat, target: Path) -> list[np.ndarray]:
    kept = pack_clip(clip, target, form)
    stored = StoredClip(str(target), kept.frames, kept.size)
    assert len(stored) == kept.frames == len(VideoFile(clip))
    frames = stored.read(range(len(stored)))
    assert {frame.shape for frame in frames} == {(kept.height, kept.width, 3)}
    return frames


@pytest.mark.parametrize('side', [0, 256, 30])
def test_pixels_are_those_of_decoding_and_resizing(side: int, tmp_path: Path) -> None:
    clip = write_noise(tmp_path / 'a.mp4', 9)
    kept = frames_of(clip, FrameFormat('raw', side), tmp_path / 'a.npy')
    for frame, decoded in zip(kept, VideoFile(clip).read(range(9)), strict=True):
        if side == 30:  # 64 x 48
            decoded = cv2.resize(decoded, (40, 30), interpolation=cv2.INTER_AREA)
        assert np.array_equal(frame, decoded)


def test_jpegs_are_close(tmp_path: Path) -> None:
    y, x = np.mgrid[:48, :64]
    waves = 128 + 90 * np.sin(x / 5)[..., None] * np.cos(y / 7)[..., None]
    clip = write_clip(tmp_path / 'a.mp4', 3, 64, 48, picture=waves.repeat(3, 2))
    kept = frames_of(clip, FrameFormat(), tmp_path / 'a.jpegs')
    for frame, decoded in zip(kept, VideoFile(clip).read(range(3)), strict=True):
        error = np.square(frame.astype(float) - decoded).mean()
        assert 10 * np.log10(255**2 / error) > 38
    colour = tmp_path / 'colour.mp4'
    red = np.zeros((48, 64, 3))
    red[..., 0] = 200
    write_clip(colour, 2, 64, 48, picture=red)
    mean = frames_of(colour, FrameFormat(), tmp_path / 'colour.jpegs')[0].mean((0, 1))
    assert mean[0] > 170 and mean[1] < 60 and mean[2] < 60


@pytest.mark.parametrize('form', [RAW, FrameFormat()], ids=['raw', 'jpeg'])
def test_frames_in_the_order_asked_for_and_writable(
    form: FrameFormat, tmp_path: Path
) -> None:
    kept = pack_clip(write_clip(tmp_path / 'a.mp4'), tmp_path / f'a{form.ending}', form)
    stored = StoredClip(str(tmp_path / f'a{form.ending}'), 12, kept.size)
    frames = stored.read([7, 0, 11, 3])
    assert numbers(frames) == [7, 0, 11, 3]
    frames[0][:] = 0  # as transforms in place do
    assert numbers(stored.read([7])) == [7]


@pytest.mark.parametrize('form', [RAW, FrameFormat()], ids=['raw', 'jpeg'])
def test_a_dataset_draws_the_same_frames_with_and_without(
    form: FrameFormat, root: Path
) -> None:
    drawn = []
    for folder in (None, build(root, form)):
        np.random.seed(3)
        drawn.append([sample for _ in range(3) for sample in clips(root, folder)])
    for decoded, kept in zip(*drawn, strict=True):
        assert kept['filename'] == decoded['filename']
        assert np.array_equal(kept['frame_inds'], decoded['frame_inds'])
        assert kept['original_shape'] == decoded['original_shape']
        if form is RAW:
            assert np.array_equal(kept['imgs'], decoded['imgs'])


def test_the_clips_themselves_need_not_be_there(root: Path) -> None:
    folder = build(root)
    for clip in keys(root).values():
        clip.unlink()
    shutil.move(root, root.parent / 'elsewhere')
    assert len(list(clips(root.parent / 'elsewhere', folder))) == 3


def test_a_clip_that_is_not_in_the_store(root: Path) -> None:
    folder = build(root)
    write_clip(root / 'new.mp4', 3)
    with (root / 'train.txt').open('a') as file:
        file.write('new.mp4 0\n')
    with pytest.raises(DataError, match=r'1 of 4 clips .*line 4.*new\.mp4.*not in it'):
        clips(root, folder)


def test_a_clip_that_changed(root: Path) -> None:
    folder = build(root)
    write_clip(root / 'train' / 'a.mp4', 5)
    with pytest.raises(DataError, match=r'line 1: .*had [\d,]+ when its frames'):
        clips(root, folder)


@pytest.mark.parametrize('damage', ['cut', 'gone'])
def test_frames_that_are_not_whole(damage: str, root: Path) -> None:
    folder = build(root)
    before, file = clips(root, folder), folder / 'frames' / 'b.mp4.npy'
    cut(file, 0.9) if damage == 'cut' else file.unlink()
    with pytest.raises(DataError, match=r'1 of 3 clips .*b\.mp4\.npy.*bytes were wr'):
        clips(root, folder)
    with pytest.raises(DataError, match='bytes were written'):
        before.pipeline(before.get_data_info(1))
    assert build(root) == folder  # mends it
    assert len(clips(root, folder)) == 3


def test_a_damaged_frame(root: Path) -> None:
    folder = build(root, FrameFormat())
    file = folder / 'frames' / 'b.mp4.jpegs'
    content = bytearray(file.read_bytes())
    content[400:] = bytes(len(content) - 400)
    file.write_bytes(content)
    data = clips(root, folder)
    with pytest.raises(DataError, match='can not be read'):
        data.pipeline(data.get_data_info(1))


def test_a_folder_without_a_whole_index(root: Path) -> None:
    with pytest.raises(DataError, match='no finished store'):
        clips(root, root)
    folder = build(root)
    for content in ('', '{"frame_store": 2}', '[]', '{"frame_store": 1, "clips": {}}'):
        (folder / 'index.json').write_text(content)
        with pytest.raises(DataError, match='no index of a store'):
            clips(root, folder)


def test_an_interrupted_call_goes_on(root: Path) -> None:
    folder, files = root.parent / 'store', keys(root)
    StoreBuilder(folder, RAW, {'b.mp4': files['b.mp4']}, 1).build()
    with (folder / 'unfinished.jsonl').open('a') as file:
        file.write('["train/a.mp4", [15, 32')  # a line cut off
    first = (folder / 'frames' / 'b.mp4.npy').stat().st_mtime_ns
    with pytest.raises(DataError, match='no finished store'):
        clips(root, folder)
    again = StoreBuilder(folder, RAW, files, 1)
    assert again.todo == [key for key in files if key != 'b.mp4']
    assert again.build() == 2
    again.finish()
    assert (folder / 'frames' / 'b.mp4.npy').stat().st_mtime_ns == first
    assert not (folder / 'unfinished.jsonl').exists()
    assert set(FrameStore.read(folder).clips) == set(files)
    assert StoreBuilder(folder, RAW, files, 1).todo == []
    os.utime(files['b.mp4'], ns=(0, 0))
    assert StoreBuilder(folder, RAW, files, 1).todo == ['b.mp4']


def test_frames_of_another_kind_are_not_mixed_in(root: Path) -> None:
    folder = build(root)
    for form in (FrameFormat(), FrameFormat('raw', 128)):
        with pytest.raises(ConfigError, match='in another way'):
            StoreBuilder(folder, form, keys(root), 1)


def test_a_broken_clip_is_named_and_left_to_its_decoder(root: Path) -> None:
    (root / 'b.mp4').write_bytes(b'broken')
    builder = StoreBuilder(root.parent / 'store', RAW, keys(root), 1)
    builder.measure()
    assert list(builder.problems) == [root / 'b.mp4']
    assert builder.build() == 2
    builder.finish()
    data = clips(root, root.parent / 'store', test_mode=True)
    whole = data[0]
    assert numbers(whole['imgs']) == whole['frame_inds'].tolist()
    with pytest.raises(DataError, match='can not be decoded'):
        data[1]


def test_the_size_is_known_before(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builder = StoreBuilder(root.parent / 'store', RAW, keys(root), 1)
    size = builder.measure()
    assert size == 15 * 64 * 32 * 3 + 20 * 64 * 48 * 3 + 3 * 64 * 32 * 3
    monkeypatch.setattr(builder, 'free', lambda: size)
    with pytest.raises(ConfigError, match='are free'):
        builder.check_room(size)
    assert not (root.parent / 'store').exists()
    jpeg = measure_clip(root / 'b.mp4', FrameFormat())
    written = pack_clip(root / 'b.mp4', root / 'b.jpegs', FrameFormat())
    assert jpeg[:3] == written[:3]
    assert jpeg.size == pytest.approx(written.size, rel=0.1)


def test_a_full_disk_ends_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / 'b.mp4').write_bytes(b'broken')
    builder = StoreBuilder(root.parent / 'store', RAW, keys(root), 1)
    monkeypatch.setattr(builder, 'free', lambda: frame_build.LITTLE - 1)
    with pytest.raises(StorageError, match='disk is full'):
        builder.build()


def test_the_index_is_plain_json(root: Path) -> None:
    content = json.loads((build(root) / 'index.json').read_text())
    assert content['format'] == {'kind': 'raw', 'short_side': 256, 'quality': 90}
    stat = (root / 'b.mp4').stat()
    size = (root.parent / 'store' / 'frames' / 'b.mp4.npy').stat().st_size
    assert content['clips']['b.mp4'] == [
        *(20, 48, 64, size),
        *(stat.st_size, stat.st_mtime_ns),
    ]


@pytest.mark.parametrize(
    'options',
    [{'kind': 'png'}, {'short_side': 1}, {'short_side': -2}, {'quality': 0}],
)
def test_formats_that_can_not_be(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        FrameFormat(**options)


def test_room_for_pixels_is_taken_before_they_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is mapped without it ends the process where there is none."""
    frames = [np.zeros((4, 6, 3), np.uint8)] * 5

    def full(descriptor: int, start: int, size: int) -> None:
        assert size == (tmp_path / 'a.npy').stat().st_size > 5 * 72
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, 'posix_fallocate', full)
    with pytest.raises(OSError, match='No space left'):
        write_raw(tmp_path / 'a.npy', iter(frames), 5)

    def unable(*_: int) -> None:
        raise OSError(errno.EOPNOTSUPP, 'Operation not supported')

    monkeypatch.setattr(os, 'posix_fallocate', unable)
    assert write_raw(tmp_path / 'c.npy', iter(frames), 5) == (4, 6)
    monkeypatch.delattr(os, 'posix_fallocate')  # as where there is no such function
    assert write_raw(tmp_path / 'b.npy', iter(frames), 5) == (4, 6)
