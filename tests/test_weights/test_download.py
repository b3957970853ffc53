"""A checkpoint from the web is read like one of the disk: nothing in it is run."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from mmengine.runner.checkpoint import CheckpointLoader

from mmadapt.errors import UntrustedFileError, WeightsError
from mmadapt.weights import reading
from mmadapt.weights.download import local_copy


class Evil:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return os.mkdir, (str(self.mark),)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A folder in the web, and a cache of its own."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'home'))
    monkeypatch.setattr(torch.hub, '_hub_dir', None)
    (tmp_path / 'web').mkdir()
    handler = functools.partial(Quiet, directory=str(tmp_path / 'web'))
    with ThreadingHTTPServer(('127.0.0.1', 0), handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f'http://127.0.0.1:{httpd.server_address[1]}'
        httpd.shutdown()


def test_tensors_are_read(server: str, tmp_path: Path) -> None:
    torch.save({'state_dict': {'a': torch.ones(2)}}, tmp_path / 'web' / 'plain.pth')
    content = CheckpointLoader.load_checkpoint(f'{server}/plain.pth', 'cpu')
    assert content['state_dict']['a'].tolist() == [1.0, 1.0]
    assert local_copy(f'{server}/plain.pth').is_relative_to(tmp_path / 'home')


def test_code_is_not_run_unless_the_address_is_trusted(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, '_TRUSTED', set())
    mark = tmp_path / 'run'
    torch.save({'state_dict': {}, 'hub': Evil(mark)}, tmp_path / 'web' / 'evil.pth')
    with pytest.raises(UntrustedFileError):
        CheckpointLoader.load_checkpoint(f'{server}/evil.pth', 'cpu')
    assert not mark.exists()
    reading.trust_checkpoint(f'{server}/evil.pth')
    CheckpointLoader.load_checkpoint(f'{server}/evil.pth', 'cpu')
    assert mark.exists()


def test_what_is_not_there_is_named(server: str) -> None:
    with pytest.raises(WeightsError, match=r'nix\.pth.*can\'t be downloaded'):
        CheckpointLoader.load_checkpoint(f'{server}/nix.pth', 'cpu')


def test_a_trusted_file_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r'nosuch\.pth.*no such file'):
        reading.trust_checkpoint(tmp_path / 'nosuch.pth')
