"""The fingerprint depends on every name, shape, type and bit, and on nothing else."""

from __future__ import annotations

import hashlib

import pytest
import torch
from torch import Tensor

from mmadapt.weights import TrunkRecord
from mmadapt.weights.fingerprint import hash_tensor


def test_the_hash_is_sha256_of_shape_type_and_bytes() -> None:
    tensor = torch.tensor([[1.0, -2.0]])
    expected = hashlib.sha256(b'(1, 2) torch.float32 ' + tensor.numpy().tobytes())
    assert hash_tensor(tensor) == expected.hexdigest()


@pytest.mark.parametrize(
    'other',
    [
        torch.arange(6.0).reshape(3, 2),
        torch.arange(6).reshape(2, 3),
        torch.arange(6.0).reshape(2, 3).half(),
        torch.arange(6.0).reshape(2, 3).nextafter(torch.tensor(9.0)),
    ],
)
def test_shape_type_and_bits_count(other: Tensor) -> None:
    assert hash_tensor(torch.arange(6.0).reshape(2, 3)) != hash_tensor(other)


def test_strides_and_gradients_do_not_count() -> None:
    tensor = torch.arange(6.0).reshape(2, 3)
    transposed = tensor.t().contiguous().t().requires_grad_()
    assert not transposed.is_contiguous()
    assert hash_tensor(transposed) == hash_tensor(tensor)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.bool, torch.int64])
def test_scalars_and_empty_tensors_of_any_type(dtype: torch.dtype) -> None:
    assert hash_tensor(torch.tensor(1).to(dtype)) != hash_tensor(
        torch.tensor(0).to(dtype)
    )
    assert len(hash_tensor(torch.zeros(0, 3, dtype=dtype))) == 64


def test_the_fingerprint_is_of_names_and_hashes_in_any_order() -> None:
    record = TrunkRecord('a.pth', {'x': '1', 'y': '2'})
    assert record.fingerprint == hashlib.sha256(b'x 1\ny 2\n').hexdigest()
    assert TrunkRecord('b.pth', {'y': '2', 'x': '1'}).fingerprint == record.fingerprint
    assert TrunkRecord('a.pth', {'x': '2', 'y': '1'}).fingerprint != record.fingerprint
    assert TrunkRecord('a.pth').fingerprint == ''


def test_prefixes_end_at_a_dot() -> None:
    names = ['norm', 'norm.weight', 'norm1.weight', 'layers.1.x', 'layers.10.x']
    record = TrunkRecord('a.pth', dict.fromkeys(names, '1'))
    kept = record.without(['norm', 'layers.1'])
    assert list(kept.tensors) == ['norm1.weight', 'layers.10.x']
    assert kept.file == 'a.pth'
