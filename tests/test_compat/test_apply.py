"""All of the workarounds together."""

import subprocess
import sys

import pytest

from mmadapt.compat import apply


def test_applying_again_changes_nothing():
    apply()
    before = list(sys.meta_path)
    apply()
    assert sys.meta_path == before


@pytest.mark.slow
def test_importing_it_needs_no_framework_but_mmengine(tmp_path):
    """``compat`` alone, out of its package: neither library is there, nor mmcv."""
    code = (
        'import importlib.abc, sys\n'
        'class Absent(importlib.abc.MetaPathFinder):\n'
        '    def find_spec(self, name, path, target=None):\n'
        "        if name.split('.')[0] in ('mmaction', 'mmcv', 'mmpretrain'):\n"
        '            raise ModuleNotFoundError(name)\n'
        'sys.meta_path.insert(0, Absent())\n'
        'import importlib.util\n'
        'real = importlib.util.find_spec\n'
        'def find_spec(name, package=None):\n'
        "    if name.split('.')[0] in ('mmaction', 'mmcv', 'mmpretrain'):\n"
        '        return None\n'
        '    return real(name, package)\n'
        'importlib.util.find_spec = find_spec\n'
        'from mmadapt import compat\n'
        'compat.apply()\n'
        'print(sorted(sys.modules.keys() & {"mmaction", "mmcv", "mmpretrain"}))\n'
    )
    ended = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == '[]'
