"""tools/doctor.py: finds what is wrong, says what to do, and changes nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.test_tools.cli import ROOT, load_tool

doctor: Any = load_tool('doctor')


def texts(check: Any) -> list[str]:
    return [f'{f.status} {f.what} {f.advice}' for f in doctor.examine(check)]


def test_here_all_is_well() -> None:
    ended = subprocess.run(
        [sys.executable, str(ROOT / 'tools' / 'doctor.py')],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert 'no problem(s)' in ended.stdout
    assert 'torch and torchvision fit' in ended.stdout
    assert 'h264 is decoded by SparsePyAV, Decord, PyAV, OpenCV' in ended.stdout
    assert 'mend_hue' in ended.stdout


def installed(monkeypatch: pytest.MonkeyPatch, **versions: str | None) -> None:
    real = doctor.metadata.version
    given = {name.replace('_', '-'): version for name, version in versions.items()}

    def version(name: str) -> str:
        if name in given and given[name] is None:
            raise doctor.metadata.PackageNotFoundError(name)
        return given.get(name) or real(name)

    monkeypatch.setattr(doctor.metadata, 'version', version)


@pytest.mark.parametrize(
    ('versions', 'expected'),
    [
        ({'mmengine': None}, 'problem mmengine is not installed pip install mmengine'),
        ({'mmengine': '0.10.5'}, "problem mmengine 0.10.5 is out .*'mmengine>=0.10.7"),
        ({'mmcv_lite': '2.2.0'}, 'problem mmcv-lite 2.2.0 is out of range'),
        ({'mmcv_lite': None}, 'problem neither mmcv-lite nor mmcv'),
        ({'mmcv': '2.1.0'}, 'problem mmcv and mmcv-lite, which overwrite'),
        ({'mmaction2': None}, 'note mmaction2 is not installed: no clips'),
        ({'mmaction2': None, 'mmpretrain': None}, 'problem neither mmpretrain nor'),
        ({'torch': '2.4.1+cpu'}, r'problem torch 2\.4\.1\+cpu is out of range'),
    ],
)
def test_packages(
    versions: dict[str, str | None], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch, **versions)
    found = texts(doctor.check_packages)
    assert any(re.match(expected, text) for text in found), found


def test_the_ranges_are_those_of_the_project() -> None:
    wanted = (ROOT / 'pyproject.toml').read_text()
    for name, (least, above) in doctor.RANGES.items():
        if name == 'mmcv':  # the full one, in the place of mmcv-lite
            continue
        ends = [f'>={".".join(map(str, least))}', f'<{".".join(map(str, above))}']
        if name == 'torch':
            ends = ends[:1]
        assert f'"{name}{",".join(ends)}"' in wanted


def test_another_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.sys, 'version_info', (3, 13, 0))
    assert texts(doctor.check_machine)[0].startswith('problem Python')


def test_an_error_of_a_check_is_a_problem_with_its_text() -> None:
    def broken() -> Any:
        raise RuntimeError('operator torchvision::nms does not exist')
        yield

    (text,) = texts(broken)
    assert 'problem broken failed: RuntimeError: operator torchvision::nms' in text


def test_without_pyav_nothing_is_claimed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def absent(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(doctor, 'import_module', absent)
    assert doctor.write_clip(tmp_path / 'clip.mp4') is None
    assert texts(doctor.check_torch)[0].startswith('problem check_torch failed')
