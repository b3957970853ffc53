"""SampleClip and SampleViews hand on what the later transforms read."""

from __future__ import annotations

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from mmadapt.errors import ConfigError


def sample(total: int, **config: object) -> dict[str, object]:
    return TRANSFORMS.build(config)({'total_frames': total, 'start_index': 0})


def test_one_clip() -> None:
    results = sample(100, type='SampleClip', random=False)
    assert results['frame_inds'].tolist() == list(range(34, 66, 4))
    assert (results['clip_len'], results['num_clips']) == (8, 1)


def test_clips_start_anywhere() -> None:
    clip = {'type': 'SampleClip', 'clip_len': 2, 'frame_interval': 3, 'random': True}
    starts = {int(sample(9, **clip)['frame_inds'][0]) for _ in range(60)}
    assert starts == {0, 1, 2, 3}


def test_views_of_a_video() -> None:
    results = sample(100, type='SampleViews', num_views=4)
    assert results['frame_inds'].shape == (32,)
    assert (results['clip_len'], results['num_clips']) == (8, 4)
    # 25 strided frames: windows at int(k * 17 / 3).
    assert results['frame_inds'][::8].tolist() == [4 * s for s in (0, 5, 11, 17)]


def test_the_stock_transform_shapes_the_views() -> None:
    results = sample(40, type='SampleViews', clip_len=4, num_views=2)
    frames = [np.full((6, 6, 3), i, np.uint8) for i in results['frame_inds']]
    shaped = TRANSFORMS.build({'type': 'FormatShape', 'input_format': 'NCTHW'})(
        {**results, 'imgs': frames}
    )
    assert shaped['imgs'].shape == (2, 3, 4, 6, 6)
    assert shaped['imgs'][1, 0, :, 0, 0].tolist() == results['frame_inds'][4:].tolist()


@pytest.mark.parametrize('views', [0, 1])
def test_one_view_is_no_set_of_views(views: int) -> None:
    with pytest.raises(ConfigError, match=f'num_views={views}'):
        TRANSFORMS.build({'type': 'SampleViews', 'num_views': views})
