"""Which warnings are hidden, and which stay."""

import subprocess
import sys
import warnings

import pytest

from mmadapt.compat.noise import silence_startup


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
