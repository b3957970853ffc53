"""Labels go to JSON and come back."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement

from mmadapt.cache.labels import pack, unpack


@pytest.mark.parametrize('dtype', [torch.int64, torch.float32])
def test_labels_and_files_come_back(dtype: torch.dtype) -> None:
    sample = BaseDataElement(
        metainfo={'img_path': 'ä b.png', 'img_shape': (3, 4), 'scale': np.float32(0.5)}
    )
    sample.set_field(torch.tensor([0, 1, 1]).to(dtype), 'gt_label')
    again = unpack(json.loads(json.dumps(pack(sample))), BaseDataElement)
    assert torch.equal(again.gt_label, sample.gt_label)
    assert again.gt_label.dtype is dtype
    assert again.img_path == 'ä b.png'
    assert again.img_shape == [3, 4]
    assert again.scale == 0.5


def test_the_libraries_own_samples_keep_their_class() -> None:
    structures = pytest.importorskip('mmpretrain.structures')
    sample = structures.DataSample(metainfo={'num_classes': 3}).set_gt_label([0, 2])
    again = unpack(pack(sample), structures.DataSample)
    assert isinstance(again, structures.DataSample)
    assert again.gt_label.tolist() == [0, 2]
    assert again.num_classes == 3
