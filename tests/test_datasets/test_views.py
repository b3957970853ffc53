"""Temporal views and training windows, against the official index rules."""

from __future__ import annotations

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from mmadapt.datasets.views import view_indices
from mmadapt.errors import ConfigError


def official_test_indices(total: int, view: int) -> list[int]:
    """Section 3 of the paper's facts, in plain Python."""
    listed = list(range(0, total, 4))
    while len(listed) < 8:
        listed.append(listed[-1])
    start = int(view * max((len(listed) - 8) / 3, 0))
    return listed[start : start + 8]


@pytest.mark.parametrize('total', [1, 5, 28, 32, 33, 47, 100, 301])
def test_test_views_are_the_official_ones(total: int) -> None:
    views = view_indices(total, clip_len=8, interval=4, views=4)
    assert views.tolist() == [official_test_indices(total, k) for k in range(4)]


def test_the_transform_hands_on_what_the_decoder_reads() -> None:
    transform = TRANSFORMS.build({'type': 'StridedViews'})
    results = transform({'total_frames': 100, 'start_index': 0})
    assert results['frame_inds'].shape == (32,)
    assert (results['clip_len'], results['num_clips']) == (8, 4)


def test_numbers_below_one_are_refused() -> None:
    with pytest.raises(ConfigError, match='num_clips=0'):
        TRANSFORMS.build({'type': 'StridedViews', 'num_clips': 0})


def official_train_indices(total: int, start: int) -> list[int]:
    """The index stops advancing where the next step would leave the video."""
    indices, at = [], start
    for _ in range(8):
        indices.append(at)
        if at + 4 < total:
            at += 4
    return indices


@pytest.mark.parametrize('total', [1, 9, 12, 31, 32, 33, 60])
def test_training_windows_are_the_official_ones(total: int) -> None:
    """MMAction2's SampleFrames, as the recipe configures it."""
    from tests.test_configs.test_build import CONFIGS, load_config

    cfg = load_config(CONFIGS / 'adaptformer_ssv2.py')
    sample = TRANSFORMS.build(dict(cfg.train_pipeline[1]))
    starts = set()
    for seed in range(60):
        np.random.seed(seed)
        drawn = sample({'total_frames': total, 'start_index': 0})['frame_inds']
        starts.add(int(drawn[0]))
        assert drawn.tolist() == official_train_indices(total, int(drawn[0]))
    allowed = set(range(max(total - 31, 1)))
    assert starts <= allowed
    assert total > 33 or starts == allowed
