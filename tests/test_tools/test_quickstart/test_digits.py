"""The scans, how they are split, and how one is drawn."""

import numpy as np
import pytest
import torch
from digits import draw_mask

from tests.test_tools.test_quickstart.ink import centre_of_ink


def test_parts_share_no_scan(split):
    parts = [
        set(part.index.tolist()) for part in (split.pretrain, split.train, split.val)
    ]
    assert [len(part) for part in parts] == [900, 300, 597]
    assert len(set.union(*parts)) == 1797
    assert max(parts[0]) < min(parts[1] | parts[2])
    assert torch.bincount(split.train.label).tolist() == [30] * 10


def test_scans_are_the_data_of_scikit_learn(split):
    from sklearn.datasets import load_digits

    data = load_digits()
    for part in (split.pretrain, split.train, split.val):
        assert (part.label.numpy() == data.target[part.index]).all()
        assert np.allclose(part.ink[:, 0].numpy() * 16, data.images[part.index])


def blob():
    """A scan with ink in one corner, upper left."""
    ink = torch.zeros(1, 1, 8, 8)
    ink[0, 0, 1:3, 1:3] = 1
    return ink


@pytest.mark.parametrize(
    ('scale', 'degrees', 'shift', 'expected'),
    [
        # The blob's centre is 2 pixels of the scan left of and above the middle.
        (2.0, 0, (0, 0), (-4, -4)),
        (3.0, 0, (0, 0), (-6, -6)),
        (2.0, 0, (5, -3), (1, -7)),
        (2.0, 90, (0, 0), (4, -4)),  # a quarter clockwise: upper right
        (2.0, 180, (1, 0), (5, 4)),
    ],
)
def test_draw_mask_puts_the_ink_where_the_pose_says(scale, degrees, shift, expected):
    mask = draw_mask(
        blob(),
        torch.tensor([scale]),
        torch.deg2rad(torch.tensor([float(degrees)])),
        torch.tensor([shift], dtype=torch.float32),
    )
    assert centre_of_ink(mask) == pytest.approx(expected, abs=0.15)


def test_shear_moves_the_lower_half_to_the_right():
    pose = (torch.tensor([2.0]), torch.zeros(1), torch.zeros(1, 2))
    upright = centre_of_ink(draw_mask(blob(), *pose))
    slanted = centre_of_ink(draw_mask(blob(), *pose, torch.tensor([0.5])))
    # Above the middle everything moves left, by half of its height.
    assert slanted == pytest.approx((upright[0] - 2, upright[1]), abs=0.15)
