"""OpenVideo and DecodeVideo, with MMAction2's transforms around them."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmaction.registry import TRANSFORMS
from mmcv.transforms import Compose
from mmengine.registry import DefaultScope

from mmadapt.errors import DataError
from tests.test_datasets.clips import numbers, write_clip


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
