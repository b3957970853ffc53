"""What the set-up decides, with a stand-in for Python that writes down its orders.

A real set-up takes minutes and a network; the decisions are the shell's own.
"""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# `mmcv` holds the version of a full mmcv; `mended` is there once torch fits.
PYTHON = r"""#!/usr/bin/env bash
here=$(cd "$(dirname "$0")/.." && pwd)
case "$*" in
*"pip install"*)
    echo "$*" >>"$here/asked"
    case "$*" in
    *force-reinstall*) touch "$here/mended" ;;
    *"-r "*) cat "${@: -1}" >"$here/wanted" ;;
    esac
    ;;
*version_info*) exit 0 ;;
*sys.prefix*) echo "$here" ;;
*'version("mmcv")'*) cat "$here/mmcv" ;;
*torchvision.ops*) test -e "$here/mended" || { echo torchvision::nms >&2; exit 1; } ;;
"- "*) cat >/dev/null; echo what-is-installed ;;
*) echo "not expected: $*" >&2; exit 3 ;;
esac
"""


@pytest.fixture
def environment(tmp_path):
    """An active environment in which torch and torchvision fit."""
    python = tmp_path / 'bin' / 'python'
    python.parent.mkdir()
    python.write_text(PYTHON)
    python.chmod(0o755)
    (tmp_path / 'mended').touch()
    return tmp_path


def set_up(environment):
    script = 'set -euo pipefail; source tools/setup_env.sh; echo "PYTHON=$PYTHON"'
    return subprocess.run(
        ['bash', '-c', script],
        cwd=ROOT,
        env={'VIRTUAL_ENV': str(environment), 'PATH': '/usr/bin:/bin'},
        capture_output=True,
        text=True,
        check=False,
    )


def asked(environment):
    file = environment / 'asked'
    return file.read_text().splitlines() if file.exists() else []


def test_the_active_environment_gets_the_requirements(environment):
    ended = set_up(environment)
    assert ended.returncode == 0, ended.stderr
    assert f'PYTHON={environment}/bin/python' in ended.stdout
    assert '[setup] set up in ' in ended.stdout
    assert len(asked(environment)) == 1
    wanted = (environment / 'wanted').read_text()
    assert wanted == (ROOT / 'requirements.txt').read_text()


def test_a_second_time_nothing_is_installed(environment):
    set_up(environment)
    ended = set_up(environment)
    assert '[setup] everything is installed' in ended.stdout
    assert len(asked(environment)) == 1


@pytest.mark.parametrize('version', ['2.0.1', '2.1.0'])
def test_a_full_mmcv_takes_the_place_of_the_lite_one(environment, version):
    (environment / 'mmcv').write_text(version)
    ended = set_up(environment)
    assert f'using the installed mmcv {version}' in ended.stdout
    wanted = (environment / 'wanted').read_text()
    assert 'mmcv-lite' not in wanted
    assert 'mmpretrain' in wanted


@pytest.mark.parametrize('version', ['1.7.2', '2.2.0'])
def test_another_mmcv_ends_it_in_one_line(environment, version):
    (environment / 'mmcv').write_text(version)
    ended = set_up(environment)
    assert ended.returncode == 1
    assert f'error: mmcv {version} is installed' in ended.stderr
    assert asked(environment) == []


def test_torch_of_another_build_is_mended(environment):
    (environment / 'mended').unlink()
    ended = set_up(environment)
    assert ended.returncode == 0, ended.stderr
    assert 'different builds' in ended.stdout
    first, pair, rest = asked(environment)
    assert '-r ' in first
    assert pair.endswith('--force-reinstall --no-deps torch torchvision')
    assert rest.endswith('requirements.txt torch torchvision')


def test_torch_that_cannot_be_mended_is_explained(environment):
    (environment / 'mended').unlink()
    python = environment / 'bin' / 'python'
    python.write_text(PYTHON.replace('touch "$here/mended"', 'true'))
    ended = set_up(environment)
    assert ended.returncode == 1
    assert 'do not fit together: torchvision::nms' in ended.stderr
    assert not (environment / '.mmadapt-setup').exists()
