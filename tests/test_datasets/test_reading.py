"""OpenVideo and DecodeVideo, with MMAction2's transforms around them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from mmcv.transforms import Compose
from mmengine.registry import DefaultScope

from mmadapt.datasets import readers
from mmadapt.datasets.readers import VideoFile
from mmadapt.datasets.sampling import clip_indices, view_indices
from mmadapt.errors import DataError
from tests.test_datasets.clips import numbers, write_clip, write_noise


def test_between_stock_transforms(tmp_path: Path) -> None:
    steps = [
        {'type': 'OpenVideo'},
        {'type': 'SampleFrames', 'clip_len': 4, 'frame_interval': 3, 'test_mode': True},
        {'type': 'DecodeVideo'},
        {'type': 'Resize', 'scale': (16, 16), 'keep_ratio': False},
    ]
    file = write_clip(tmp_path / 'a.mp4')
    with DefaultScope.overwrite_default_scope('mmaction'):
        results = Compose(steps)({'filename': str(file), 'start_index': 0})
    assert results['total_frames'] == 12
    assert results['original_shape'] == (32, 64)
    assert numbers(results['imgs']) == [1, 4, 7, 10]
    assert results['imgs'][0].shape == (16, 16, 3)
    assert 'video_reader' not in results  # it doesn't go through a queue


def test_a_broken_clip_is_a_data_error(tmp_path: Path) -> None:
    (tmp_path / 'a.mp4').write_bytes(b'broken')
    with pytest.raises(DataError, match='can not be decoded'):
        TRANSFORMS.build({'type': 'OpenVideo'})({'filename': str(tmp_path / 'a.mp4')})


def decoded(file: Path, steps: Sequence[str], indices: Sequence[int]) -> list[Any]:
    """The frames at some indices, by a pair of transforms of MMAction2's registry."""
    results = {'filename': str(file), 'frame_inds': np.array(indices)}
    with DefaultScope.overwrite_default_scope('mmaction'):
        return Compose([{'type': step} for step in steps])(results)['imgs']


STOCK, OURS = ('DecordInit', 'DecordDecode'), ('OpenVideo', 'DecodeVideo')


@pytest.mark.parametrize('threads', [1, 4])
@pytest.mark.parametrize(
    'indices',
    [
        view_indices(40, 8, 4, 4).reshape(-1),  # views that overlap
        view_indices(5, 8, 4, 4).reshape(-1),  # the last frame is repeated
        clip_indices(3, 40, 8, 4),
        clip_indices(0, 9, 8, 4),
        [39, 0, 17, 17, 3, 38, 0],
    ],
    ids=['views', 'short views', 'clip', 'short clip', 'any'],
)
def test_the_frames_of_mmaction_bit_by_bit(
    indices: Sequence[int],
    threads: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(readers, 'decoder_threads', lambda: threads)
    file = write_noise(tmp_path / 'a.mp4')
    theirs, ours = decoded(file, STOCK, indices), decoded(file, OURS, indices)
    assert len(ours) == len(theirs) == len(indices)
    assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_a_repeated_frame_is_decoded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[int]] = []
    read = VideoFile.read
    monkeypatch.setattr(
        VideoFile, 'read', lambda *args: asked.append(args[1]) or read(*args)
    )
    file = write_clip(tmp_path / 'a.mp4')
    assert numbers(decoded(file, OURS, [4, 8, 8, 0, 4])) == [4, 8, 8, 0, 4]
    assert asked == [[0, 4, 8]]


def test_a_frame_that_is_repeated_is_flipped_once(tmp_path: Path) -> None:
    steps = [
        {'type': 'SampleFrames', 'clip_len': 8, 'frame_interval': 4, 'test_mode': True},
        {'type': 'Flip', 'flip_ratio': 1.0},
    ]
    file = write_noise(tmp_path / 'a.mp4', frames=10)
    with DefaultScope.overwrite_default_scope('mmaction'):
        both = [
            Compose([{'type': first}, steps[0], {'type': second}, steps[1]])(
                {'filename': str(file), 'start_index': 0, 'modality': 'RGB'}
            )['imgs']
            for first, second in (STOCK, OURS)
        ]
    assert np.array_equal(*both)


@pytest.mark.parametrize('seed', range(5))
def test_a_seed_draws_the_frames_that_it_draws_in_mmaction(
    seed: int, tmp_path: Path
) -> None:
    file = write_noise(tmp_path / 'a.mp4', frames=30)
    sample = {'type': 'SampleFrames', 'clip_len': 3, 'frame_interval': 2}
    drawn = []
    for first, second in (STOCK, OURS):
        np.random.seed(seed)
        with DefaultScope.overwrite_default_scope('mmaction'):
            steps = Compose([{'type': first}, sample, {'type': second}])
            results = steps({'filename': str(file), 'start_index': 0})
        drawn.append((results['frame_inds'], results['imgs'], np.random.rand()))
    for ours, theirs in zip(*drawn, strict=True):
        assert np.array_equal(ours, theirs)
