"""Which warnings are hidden, and which stay."""

import subprocess
import sys
import warnings

import pytest
from mmengine.fileio import FileClient, file_client

from mmadapt.compat.noise import silence_file_client, silence_startup


@pytest.fixture
def heard():
    with warnings.catch_warnings(record=True) as caught:
        warnings.resetwarnings()
        silence_startup()
        yield lambda: [str(warning.message) for warning in caught]


@pytest.mark.parametrize(
    'message',
    [
        'Fail to import ``MultiScaleDeformableAttention`` from '
        '``mmcv.ops.multi_scale_deform_attn``, You should install ``mmcv``',
        'pkg_resources is deprecated as an API. See https://setuptools.pypa.io',
        '`broadcast_buffers` is deprecated. Use `forward_sync_buffers` instead.',
    ],
)
def test_known_noise_is_hidden(heard, message):
    for category in (UserWarning, DeprecationWarning, FutureWarning):
        warnings.warn(message, category, stacklevel=1)
    assert heard() == []


@pytest.mark.parametrize(
    'message',
    ['Fail to import cv2', 'both `broadcast_buffers` and `x` were specified'],
)
def test_other_warnings_stay(heard, message):
    warnings.warn(message, stacklevel=1)
    assert heard() == [message]


def test_filters_do_not_pile_up(heard):
    before = len(warnings.filters)
    silence_startup()
    assert len(warnings.filters) == before
    assert heard() == []


@pytest.mark.slow
def test_importing_both_libraries_after_us_says_nothing():
    code = 'import mmadapt, mmpretrain.models, mmaction.models'
    ended = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True
    )
    assert ended.stderr == ''
    assert ended.stdout == ''


def test_the_file_client_is_made_without_its_two_lines(monkeypatch):
    lines = []
    # Unpatched: whatever it says is written down.
    monkeypatch.setattr(file_client, 'print_log', lambda msg, **_: lines.append(msg))
    FileClient._instances.clear()
    FileClient('disk')
    assert len(lines) == 2
    lines.clear()
    assert silence_file_client() is True
    FileClient._instances.clear()
    FileClient('disk')
    file_client.print_log('something else')
    assert lines == ['something else']


def test_silencing_the_file_client_twice_changes_nothing():
    silence_file_client()
    before = file_client.print_log
    assert silence_file_client() is False
    assert file_client.print_log is before
