"""Forks of a process that has decoded."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

from mmadapt.datasets import forks, readers
from tests.test_datasets import forking
from tests.test_datasets.clips import damage, write_clip

pytestmark = pytest.mark.skipif(not hasattr(os, 'fork'), reason='nothing forks here')

CASES = (
    'garbage',
    'dropped',
    'dropped twice',
    'another thread',
    'error',
    'check',
)


@pytest.mark.parametrize('reader', readers.READERS, ids=lambda reader: reader.__name__)
def test_no_fork_waits_for_the_threads_of_decoders(
    reader: type, tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / 'clip.mp4')
    damaged = damage(write_clip(tmp_path / 'damaged.mp4'), size=100, share=0.35)
    ended = subprocess.run(
        [sys.executable, '-m', forking.__name__, reader.__name__, clip, damaged],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told = dict(line.split(': ') for line in ended.stdout.splitlines())
    expected = dict.fromkeys(CASES, '0')
    if reader is not readers.Decord:
        expected['own fault'] = '0'
    if reader is readers.PyAV:
        expected['error of its decoder'] = '0'
    assert told == expected


class Decoder:
    """What a decoder is to a fork."""


def test_the_process_itself_frees_them_as_ever() -> None:
    decoder = Decoder()
    forks.spare(decoder)
    seen = weakref.ref(decoder)
    gc.collect()
    child = os.fork()
    if child == 0:
        del decoder
        os._exit(seen() is None)
    assert os.waitpid(child, 0)[1] == 0, 'the fork freed it'
    del decoder
    assert seen() is None
