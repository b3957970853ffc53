"""Our reader in the place of MMEngine's bare ``torch.load``."""

import pickle

import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import checkpoint as upstream
from mmengine.runner.checkpoint import CheckpointLoader

from mmadapt.compat.checkpoints import read_checkpoints_safely
from mmadapt.errors import UntrustedFileError
from mmadapt.weights import reading


@pytest.fixture
def runner_checkpoint(tmp_path):
    """A file as Runner writes it: weights beside pickled objects."""
    history = HistoryBuffer()
    history.update(1.0)
    path = tmp_path / 'epoch_1.pth'
    weights = {'layer.weight': torch.arange(3.0)}
    torch.save({'state_dict': weights, 'message_hub': {'loss': history}}, path)
    return str(path)


def test_unpatched_reader_cannot_read_what_the_runner_wrote(runner_checkpoint):
    with pytest.raises(pickle.UnpicklingError, match='HistoryBuffer'):
        upstream.load_from_local(runner_checkpoint, 'cpu')


def test_the_loader_refuses_an_untrusted_file(runner_checkpoint):
    with pytest.raises(UntrustedFileError, match='--trust-checkpoint'):
        CheckpointLoader.load_checkpoint(runner_checkpoint, 'cpu')


def test_the_loader_reads_a_file_that_was_trusted_by_name(
    runner_checkpoint, monkeypatch
):
    monkeypatch.setattr(reading, '_TRUSTED', set())
    reading.trust_checkpoint(runner_checkpoint)
    content = CheckpointLoader.load_checkpoint(runner_checkpoint, 'cpu')
    assert content['state_dict']['layer.weight'].tolist() == [0.0, 1.0, 2.0]
    assert content['message_hub']['loss'].current() == 1.0


def test_the_loader_reads_plain_tensors(tmp_path):
    path = tmp_path / 'plain.pth'
    torch.save({'state_dict': {'a': torch.ones(2)}}, path)
    content = CheckpointLoader.load_checkpoint(str(path), 'cpu')
    assert content['state_dict']['a'].tolist() == [1.0, 1.0]


def test_registering_again_changes_nothing():
    read_checkpoints_safely()
    before = dict(CheckpointLoader._schemes)
    assert read_checkpoints_safely() is False
    assert dict(CheckpointLoader._schemes) == before


def test_registering_leaves_the_other_schemes():
    assert CheckpointLoader._get_checkpoint_loader('https://a/b.pth').__name__ == (
        'load_from_http'
    )


def test_the_log_can_strip_the_name():
    """MMEngine prints the reader's name without its first ten characters."""
    assert reading.load_from_local.__name__.startswith('load_from_')
