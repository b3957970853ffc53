"""The package as it is installed: from its wheel, and from an editable install."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIP = [sys.executable, '-m', 'pip', '--disable-pip-version-check', '--quiet']
OFFLINE = ['--no-build-isolation', '--no-deps', '--no-index']

# As a user's config and as MMEngine's hub find them, from the package alone.
LOAD = """
import mmadapt
from mmengine.config import Config
from mmengine.hub import get_config
print(mmadapt.__file__)
cfg = Config.fromfile('leaf.py')
print(cfg.model.backbone.type, cfg.default_hooks.frozen_trunk.type, cfg.extra)
print(get_config('mmadapt::quickstart/video_adaptformer.py').model.type)
"""


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """A copy of what git carries, so that nothing is built inside the checkout."""
    listed = subprocess.run(
        ['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    folder = tmp_path_factory.mktemp('source')
    for name in filter(None, listed.stdout.split('\0')):
        copy(ROOT / name, folder / name)
    return folder


def copy(here, there):
    if here.is_symlink() or here.exists():
        there.parent.mkdir(parents=True, exist_ok=True)
        if here.is_symlink():
            there.symlink_to(os.readlink(here))
        else:
            there.write_bytes(here.read_bytes())


@pytest.fixture(scope='module')
def wheel(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp('wheel')
    subprocess.run([*PIP, 'wheel', *OFFLINE, '-w', folder, source], check=True)
    (path,) = folder.glob('mmadapt-*.whl')
    return path


def load_configs(site, folder):
    """What LOAD prints, with ``site`` before everything else that is installed."""
    (folder / 'leaf.py').write_text(
        "_base_ = 'mmadapt::adaptformer_image_folder.py'\nextra = 1\n"
    )
    environment = {**os.environ, 'PYTHONPATH': str(site)}
    ended = subprocess.run(
        [sys.executable, '-c', LOAD],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


@pytest.mark.slow
def test_wheel_carries_what_mim_looks_for(wheel, source):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        index = archive.read('mmadapt/.mim/model-index.yml').decode()
    expected = {f'mmadapt/.mim/{path}' for path in carried(source)}
    assert {name for name in names if '/.mim/' in name} == expected
    for line in index.splitlines()[1:]:
        assert f'mmadapt/.mim/{line.removeprefix("  - ")}' in names
    modules = {str(p.relative_to(source)) for p in (source / 'mmadapt').rglob('*.py')}
    assert modules <= names
    assert 'mmadapt/py.typed' in names
    assert not any(name.startswith('tests/') for name in names)


def carried(source):
    """Configs, tools and the index, relative to the project."""
    for folder in ('configs', 'tools'):
        for path in (source / folder).rglob('*'):
            if path.suffix in ('.py', '.yml', '.sh'):
                yield str(path.relative_to(source))
    yield 'model-index.yml'


@pytest.mark.slow
def test_wheel_works_where_it_is_installed(wheel, tmp_path):
    site = tmp_path / 'site'
    subprocess.run(
        [*PIP, 'install', '--no-deps', '--no-index', '--target', site, wheel],
        check=True,
    )
    where, leaf, hub = load_configs(site, tmp_path)
    assert where == str(site / 'mmadapt' / '__init__.py')
    assert leaf == 'AdaptFormerViT FrozenTrunkHook 1'
    assert hub == 'Recognizer3D'


@pytest.mark.slow
def test_editable_install_works(source, tmp_path):
    site = tmp_path / 'site'
    install = [*PIP, 'install', *OFFLINE, '--target', site, '--editable', source]
    subprocess.run(install, check=True)
    # What a site folder does with the files that pip left there.
    code = f'import site; site.addsitedir({str(site)!r})'
    start = tmp_path / 'start'
    start.mkdir()
    (start / 'sitecustomize.py').write_text(code + '\n')
    where, leaf, hub = load_configs(start, tmp_path)
    assert where == str(source / 'mmadapt' / '__init__.py')
    assert leaf == 'AdaptFormerViT FrozenTrunkHook 1'
    assert hub == 'Recognizer3D'
