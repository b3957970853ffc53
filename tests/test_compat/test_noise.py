"""Start-up is silent, and other warnings are not."""

from __future__ import annotations

import subprocess
import sys
import warnings

import pytest

from mmadapt.compat.noise import silence_startup


@pytest.mark.slow
def test_importing_mmadapt_prints_nothing() -> None:
    result = subprocess.run(
        [sys.executable, '-c', 'import mmadapt'], capture_output=True, text=True
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, '', '')


def test_other_warnings_stay() -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter('always')
        silence_startup()
        warnings.warn('pkg_resources is deprecated as an API.', stacklevel=1)
        warnings.warn('something else', stacklevel=1)
    assert [str(warning.message) for warning in seen] == ['something else']
