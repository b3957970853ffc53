"""Where packages and their configs are, without pkg_resources."""

import sys
from importlib.util import find_spec, module_from_spec
from pathlib import Path

import mmaction
import mmpretrain
import pytest
from mmengine.config import Config
from mmengine.config import utils as config_utils

from mmadapt.compat import packages


@pytest.fixture
def upstream():
    """MMEngine's module as it stands on the disk, whatever was exchanged in memory."""
    spec = find_spec('mmengine.utils.package_utils')
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bare(monkeypatch):
    """A process whose setuptools has no pkg_resources."""
    monkeypatch.setitem(sys.modules, 'pkg_resources', None)
    for namespace in packages.NAMESPACES:
        for name in ('is_installed', 'get_installed_path'):
            if hasattr(namespace, name):
                monkeypatch.setattr(namespace, name, getattr(namespace, name))
    monkeypatch.setattr(packages, 'find_spec', without_pkg_resources)


def without_pkg_resources(name):
    return None if name == 'pkg_resources' else find_spec(name)


@pytest.mark.usefixtures('bare')
def test_unpatched_functions_fail_without_pkg_resources(upstream):
    with pytest.raises(ModuleNotFoundError, match='pkg_resources'):
        upstream.is_installed('mmpretrain')
    with pytest.raises(ModuleNotFoundError, match='pkg_resources'):
        upstream.get_installed_path('mmpretrain')


@pytest.mark.usefixtures('bare')
@pytest.mark.parametrize(
    'base',
    [
        'mmpretrain::vision_transformer/vit-base-p16_64xb64_in1k.py',
        'mmaction::_base_/default_runtime.py',
    ],
)
def test_a_base_of_another_package_loads_without_pkg_resources(tmp_path, base):
    assert packages.find_packages_without_pkg_resources() is True
    leaf = tmp_path / 'leaf.py'
    leaf.write_text(f"_base_ = '{base}'\n")
    assert 'default_hooks' in Config.fromfile(leaf)


def test_inert_where_pkg_resources_is_there(monkeypatch):
    before = [vars(namespace).copy() for namespace in packages.NAMESPACES]
    monkeypatch.setattr(packages, 'find_spec', lambda name: object())
    assert packages.find_packages_without_pkg_resources() is False
    assert [vars(namespace) for namespace in packages.NAMESPACES] == before


@pytest.mark.parametrize('name', ['mmaction2', 'mmaction', 'mmpretrain', 'numpy'])
def test_installed_by_either_name(name):
    assert packages.is_installed(name)


def test_not_installed():
    assert not packages.is_installed('no_such_package')
    with pytest.raises(ModuleNotFoundError, match='no_such_package is not installed'):
        packages.installed_path('no_such_package')


@pytest.mark.parametrize(
    ('name', 'module'),
    [('mmaction2', mmaction), ('mmaction', mmaction), ('mmpretrain', mmpretrain)],
)
def test_path_by_either_name(name, module):
    assert packages.installed_path(name) == str(Path(module.__file__).parent)


def test_our_own_configs_are_found(tmp_path):
    leaf = tmp_path / 'leaf.py'
    leaf.write_text("_base_ = 'mmadapt::_base_/default_runtime.py'\n")
    cfg = Config.fromfile(leaf)
    assert cfg.default_hooks.checkpoint.type == 'AdapterCheckpointHook'


def test_our_own_configs_may_lie_at_the_top(tmp_path):
    leaf = tmp_path / 'leaf.py'
    leaf.write_text("_base_ = 'mmadapt::adaptformer_image_folder.py'\n")
    assert Config.fromfile(leaf).model.type == 'ImageClassifier'


def test_upstream_refuses_a_path_without_folder():
    with pytest.raises(ValueError, match='relative config path'):
        find_upstream_splitter()('mmpretrain::leaf.py')


def test_other_packages_are_still_refused():
    with pytest.raises(AssertionError, match='does not support'):
        config_utils._get_package_and_cfg_path('no_such_package::a/b.py')


def test_telling_mmengine_twice_changes_nothing():
    packages.know_own_configs()
    before = config_utils._get_package_and_cfg_path
    assert packages.know_own_configs() is False
    assert config_utils._get_package_and_cfg_path is before


def find_upstream_splitter():
    spec = find_spec('mmengine.config.utils')
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module._get_package_and_cfg_path
