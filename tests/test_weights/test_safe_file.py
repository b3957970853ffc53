"""Checkpoints as safetensors come back bit by bit, and broken ones are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save

from mmadapt.errors import TaskFileError, WeightsError
from mmadapt.weights import read_checkpoint
from mmadapt.weights.safe_file import safetensors_bytes
from mmadapt.weights.stamp import encode

STAMP = encode({'version': 1, 'adapter': [{'bottleneck': 4}]})


def checkpoint() -> dict[str, Any]:
    """What a hook writes: half the kinds of tensors there are, and plain Python."""
    weight = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    return {
        'meta': {'epoch': 3, 'dataset_meta': {'classes': ('a', 'b')}},
        'optimizer': {'state': {0: {'momentum_buffer': weight.t()}}, 'betas': (0.9,)},
        'state_dict': {
            'head.weight': weight,
            'head.tied': weight,
            'head.half': weight.bfloat16(),
            'head.counter': torch.tensor(7),
            'head.empty': torch.zeros(0, 2),
            'backbone.task_stamp.stamp': STAMP,
        },
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / 'task.safetensors').write_bytes(safetensors_bytes(checkpoint()))
    return tmp_path / 'task.safetensors'


def parts(file: Path) -> tuple[dict[str, Any], bytes]:
    """Header and tensors of a file."""
    content = file.read_bytes()
    end = 8 + int.from_bytes(content[:8], 'little')
    return json.loads(content[8:end]), content[end:]


def put(file: Path, header: str | dict[str, Any], rest: bytes) -> None:
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    file.write_bytes(len(text).to_bytes(8, 'little') + text + rest)


def test_it_comes_back_bit_by_bit(file: Path) -> None:
    own, back = checkpoint(), read_checkpoint(file)
    assert list(back) == list(own)
    assert list(back['state_dict']) == list(own['state_dict'])
    assert back['meta'] == own['meta']
    pairs = [(own['state_dict'][n], back['state_dict'][n]) for n in own['state_dict']]
    momentum = [c['optimizer']['state'][0]['momentum_buffer'] for c in (own, back)]
    for ours, theirs in (*pairs, momentum):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        assert torch.equal(ours, theirs)


def test_others_find_names_and_a_readable_header(file: Path) -> None:
    with safe_open(file, 'pt') as opened:
        texts = opened.metadata()
        assert 'head.weight' in opened.keys()  # noqa: SIM118 - it is no dict
    assert json.loads(texts['task_stamp:backbone'])['adapter'] == [{'bottleneck': 4}]
    assert json.loads(texts['checkpoint'])['meta']['epoch'] == 3


def test_every_cut_is_refused(file: Path) -> None:
    whole = file.read_bytes()
    for length in (0, 4, 8, 60, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(WeightsError, match=r'task\.safetensors.*(again|copy)'):
            read_checkpoint(file)
    file.write_bytes(whole + b'\0')
    with pytest.raises(WeightsError):
        read_checkpoint(file)


def test_every_flipped_bit_is_refused(file: Path) -> None:
    whole = file.read_bytes()
    for place in range(0, len(whole), 7):
        broken = bytearray(whole)
        broken[place] ^= 1 << place % 8
        file.write_bytes(broken)
        try:
            back = read_checkpoint(file)
        except WeightsError:
            continue
        # A letter of 'mmadapt' or '__metadata__' itself: no file of ours any more.
        assert 'state_dict' not in back
        assert not any('task_stamp' in name for name in back)


def test_a_header_that_lies_is_refused(file: Path) -> None:
    header, rest = parts(file)
    for key, value in (
        ('dtype', 'I32'),  # of the same size
        ('dtype', 'F16'),
        ('dtype', 'F99'),
        ('shape', [4, 3]),
        ('shape', [3, 400]),
        ('data_offsets', [0, 10**12]),
        ('data_offsets', [-4, 4]),
    ):
        entry = {**header['head.weight'], key: value}
        put(file, {**header, 'head.weight': entry}, rest)
        with pytest.raises(WeightsError, match=r'task\.safetensors'):
            read_checkpoint(file)
    file.write_bytes((2**63).to_bytes(8, 'little') + b'{}')
    with pytest.raises(WeightsError, match='header would be'):
        read_checkpoint(file)
    put(file, '[' * 100_000, b'')
    with pytest.raises(WeightsError):
        read_checkpoint(file)


def test_a_name_that_stands_twice_is_refused(file: Path) -> None:
    content = save({'a': torch.zeros(2)})
    length = int.from_bytes(content[:8], 'little')
    header, rest = content[8 : 8 + length].decode().rstrip(), content[8 + length :]
    again = header[1:-1]
    put(file, f'{{{again},{again}}}', rest)
    with pytest.raises(WeightsError, match="has 'a' twice"):
        read_checkpoint(file)


def test_a_version_of_the_future_is_refused(file: Path) -> None:
    header, rest = parts(file)
    header['__metadata__']['mmadapt'] = '2'
    put(file, header, rest)
    with pytest.raises(WeightsError, match="version '2'; this mmadapt reads"):
        read_checkpoint(file)


def test_what_has_no_place_is_refused() -> None:
    with pytest.raises(TaskFileError, match=r'meta\.x is a set'):
        safetensors_bytes({'meta': {'x': {1}}})
    with pytest.raises(TaskFileError, match='no dense tensor'):
        safetensors_bytes({'state_dict': {'a': torch.eye(2).to_sparse()}})
    with pytest.raises(TaskFileError, match="called 'a.b'"):
        safetensors_bytes({'a': {'b': torch.ones(1)}, 'state_dict': {'a.b': STAMP}})
