"""Labels go to JSON and come back."""

from __future__ import annotations

import json
from collections import OrderedDict, namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement, InstanceData

from mmadapt.cache.labels import lost, pack, unpack
from mmadapt.errors import DataError

Pair = namedtuple('Pair', 'a b')

VALUES: list[Any] = [
    torch.tensor([0, 1, 1]),
    torch.tensor([0.1, float('nan'), float('inf')]),
    torch.tensor(1.1, dtype=torch.bfloat16),
    torch.tensor([True, False]),
    torch.zeros((0, 3)),
    np.arange(6, dtype=np.uint8).reshape(2, 3),
    np.zeros((2, 0), np.float32),
    np.array('ä'),
    np.float32(0.1),
    np.bool_(True),
    3,
    0.1,
    float('nan'),
    True,
    'ä b',
    None,
    [1, 'a', None, (2.5,)],
    (3, 4),
    [(0, torch.tensor([1])), {'a': [np.int64(2)]}],
    {1: 'number', '1': 'text', 'dict': {'list': [1]}},
    Path('a/b.png'),
]


def there_and_back(sample: BaseDataElement) -> BaseDataElement:
    return unpack(json.loads(json.dumps(pack(sample))), type(sample))


@pytest.mark.parametrize('value', VALUES, ids=repr)
def test_labels_and_what_is_known_come_back(value: Any) -> None:
    sample = BaseDataElement(metainfo={'known': value})
    sample.set_field(value, 'label')
    again = there_and_back(sample)
    assert lost(sample, again) == []
    for name in ('known', 'label'):
        assert type(again.get(name)) is type(value)
        assert repr(again.get(name)) == repr(value)


@pytest.mark.parametrize(
    'value',
    [
        InstanceData(bboxes=torch.zeros(2, 4)),
        BaseDataElement(),
        object(),
        {1, 2},
        1j,
        torch.tensor(1j),
        torch.zeros(2).to_sparse(),
        np.array([1j]),
        np.array([{}], dtype=object),
        np.datetime64('2020-01-01'),
        [{'deep': (object(),)}],
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_plain_form_is_named(value: Any) -> None:
    sample = BaseDataElement()
    sample.set_field(value, 'instances')
    with pytest.raises(DataError, match=r"^instances: [\w.]+ can't be kept"):
        pack(sample)


@pytest.mark.parametrize(
    ('value', 'other'),
    [
        (torch.tensor([1]), torch.tensor([2])),
        (torch.tensor([1]), torch.tensor([1.0])),
        (torch.zeros(2, 0), torch.zeros(0)),
        (np.zeros(2), np.zeros(3)),
        ((1, 2), [1, 2]),
        ({'a': [1]}, {'a': [2]}),
        (1, True),
        (1, 1.0),
    ],
    ids=repr,
)
def test_what_differs_is_lost(value: Any, other: Any) -> None:
    one, two = BaseDataElement(metainfo={'x': value}), BaseDataElement()
    one.set_field(value, 'y')
    two.set_field(other, 'y')
    assert lost(one, two) == ['y', 'x']
    assert lost(two, one) == ['y', 'x']


def test_a_class_derived_from_a_plain_one_is_named() -> None:
    for value in (torch.nn.Parameter(torch.ones(1)), Pair(1, 2)):
        sample = BaseDataElement()
        sample.set_field(value, 'label')
        with pytest.raises(DataError, match='label'):
            pack(sample)


def test_what_is_known_of_a_sample_may_become_a_text() -> None:
    """As a device, or a number of a class of its own."""
    device = torch.device('cpu')
    sample = BaseDataElement(metainfo={'device': device, 'pair': Pair(1, 2)})
    again = there_and_back(sample)
    assert (again.device, again.pair) == ('cpu', str(Pair(1, 2)))
    assert lost(sample, again) == []


@pytest.mark.parametrize(
    ('value', 'plain'),
    [
        (torch.Size([2, 3]), (2, 3)),
        (OrderedDict(a=[1]), {'a': [1]}),
        (torch.tensor(0.0) / 0, torch.tensor(float('nan'))),
    ],
    ids=repr,
)
def test_sizes_dicts_of_any_class_and_any_nan_are_kept(value: Any, plain: Any) -> None:
    sample = BaseDataElement(metainfo={'known': value})
    sample.set_field(value, 'label')
    again = there_and_back(sample)
    assert lost(sample, again) == []
    assert type(again.label) is type(plain)
    assert repr(again.label) == repr(again.known) == repr(plain)


def test_the_libraries_own_samples_keep_their_class() -> None:
    structures = pytest.importorskip('mmpretrain.structures')
    sample = structures.DataSample(metainfo={'num_classes': 3}).set_gt_label([0, 2])
    again = there_and_back(sample)
    assert isinstance(again, structures.DataSample)
    assert again.gt_label.tolist() == [0, 2]
    assert again.num_classes == 3
    assert lost(sample, again) == []
