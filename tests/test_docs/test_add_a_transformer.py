"""The code of docs/add_a_transformer.md runs as it is written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs' / 'add_a_transformer.md').read_text(encoding='utf-8')
OUTSIDE = '## Models of timm and transformers'


def blocks(text: str) -> list[str]:
    return re.findall(r'^```python\n(.*?)^```$', text, flags=re.MULTILINE | re.DOTALL)


def run(code: str, folder: Path) -> str:
    """What a script prints; in a process of its own, for it registers classes."""
    script = folder / 'page.py'
    script.write_text(code, encoding='utf-8')
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join([str(ROOT), *sys.path])},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_host_of_ones_own_in_ten_lines(tmp_path: Path) -> None:
    ours = blocks(PAGE.split(OUTSIDE)[0])
    assert len(ours) == 4
    host = ours[1].partition('@register_host')[2]
    assert len([line for line in host.splitlines() if line.strip()]) <= 11
    run('\n\n'.join(ours), tmp_path)


@pytest.mark.parametrize('code', blocks(PAGE.split(OUTSIDE)[1]))
def test_models_of_timm_and_transformers(code: str, tmp_path: Path) -> None:
    package = 'transformers' if 'from transformers' in code else 'timm'
    if find_spec(package) is None:
        pytest.skip(f'{package} is not installed: this part of the page goes untested')
    run(f'import mmadapt\n{code}', tmp_path)
