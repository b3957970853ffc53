"""MMEngine's own reader fails on its own checkpoints; ours reads ours, safely."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import checkpoint as upstream
from mmengine.runner.checkpoint import CheckpointLoader

from mmadapt.compat.checkpoints import read_checkpoints_safely
from mmadapt.errors import UntrustedFileError
from mmadapt.weights.reading import load_from_local


@pytest.fixture
def stock_file(tmp_path: Path) -> str:
    """What MMEngine's CheckpointHook writes: a log buffer beside the weights."""
    path = tmp_path / 'epoch_1.pth'
    log = HistoryBuffer([1.0], [1])
    torch.save({'state_dict': {'w': torch.ones(2)}, 'message_hub': log}, path)
    return str(path)


@pytest.fixture
def plain_file(tmp_path: Path) -> str:
    path = tmp_path / 'plain.pth'
    torch.save({'state_dict': {'w': torch.ones(2)}}, path)
    return str(path)


def test_unpatched_reader_fails_with_a_pickle_error(stock_file: str) -> None:
    with pytest.raises(pickle.UnpicklingError, match='weights_only'):
        upstream.load_from_local(stock_file, map_location='cpu')


def test_ours_refuses_to_unpickle_and_says_how_to_allow_it(stock_file: str) -> None:
    with pytest.raises(UntrustedFileError, match='--trust-checkpoint'):
        CheckpointLoader.load_checkpoint(stock_file, map_location='cpu')


def test_ours_reads_tensors(plain_file: str) -> None:
    content = CheckpointLoader.load_checkpoint(plain_file, map_location='cpu')
    assert torch.equal(content['state_dict']['w'], torch.ones(2))


def test_it_is_registered_once() -> None:
    assert CheckpointLoader._schemes[''] is load_from_local
    assert read_checkpoints_safely() is False


def test_the_log_can_strip_the_name() -> None:
    """MMEngine prints the reader's name without its first ten characters."""
    assert load_from_local.__name__.startswith('load_from_')
