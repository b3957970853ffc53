"""Running tools/data on small imitations of official downloads."""

from __future__ import annotations

import io
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.test_tools.cli import load_tool

GENERATOR = np.random.default_rng(0)


def run_data_tool(
    monkeypatch: pytest.MonkeyPatch, name: str, *argv: object, **published: Any
) -> None:
    """Run ``tools/data/<name>.py``, its published numbers replaced by small ones."""
    tool = load_tool(f'data/{name}')
    for constant, value in published.items():
        monkeypatch.setattr(tool, constant, value)
    monkeypatch.setattr(sys, 'argv', [f'{name}.py', *map(str, argv)])
    tool.main()


def jpeg() -> bytes:
    """A photo of noise."""
    file = io.BytesIO()
    pixels = GENERATOR.integers(0, 256, (24, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, 'JPEG')
    return file.getvalue()


def write_files(root: Path, files: Mapping[str, bytes]) -> Path:
    """Files below a folder."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def tar_of(files: Mapping[str, bytes], mode: str = 'w') -> bytes:
    """A tar archive of some files, as bytes."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


def faults(out: Path) -> list[tuple[str, str]]:
    """Kind and place of each fault in the list on disk."""
    lines = (out / 'problems.txt').read_text().splitlines()
    return [(line.split('\t')[0], line.split('\t')[1]) for line in lines]


def state_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Content and time of change of every file, to see that none was touched."""
    return {
        str(file): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in sorted(folder.rglob('*'))
        if file.is_file()
    }
