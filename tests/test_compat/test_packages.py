"""Bases of other packages are found without pkg_resources, and ours too."""

from __future__ import annotations

import builtins
import importlib.util
from pathlib import Path
from typing import Any

import mmaction
import mmpretrain
import pytest
from mmengine.config import Config
from mmengine.config import config as config_module
from mmengine.utils import package_utils

from mmadapt.compat import packages
from mmadapt.compat.packages import (
    find_packages_without_pkg_resources,
    installed_path,
    is_installed,
    know_own_configs,
)

PRESENT = importlib.util.find_spec('pkg_resources') is not None


@pytest.fixture
def no_pkg_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state of setuptools 82: there is no such module."""
    find, imported = packages.find_spec, builtins.__import__

    def import_module(name: str, *args: Any, **options: Any) -> Any:
        if name == 'pkg_resources':
            raise ModuleNotFoundError(f"No module named '{name}'")
        return imported(name, *args, **options)

    monkeypatch.setattr(
        packages, 'find_spec', lambda n: None if n == 'pkg_resources' else find(n)
    )
    monkeypatch.setattr(builtins, '__import__', import_module)
    for namespace in packages.NAMESPACES:
        for name in ('is_installed', 'get_installed_path'):
            if hasattr(namespace, name):
                original = getattr(namespace, name)
                monkeypatch.setattr(namespace, name, original)  # restored afterwards


def test_unpatched_function_needs_pkg_resources(no_pkg_resources: None) -> None:
    if PRESENT:  # otherwise exchanged already, when mmadapt was imported
        with pytest.raises(ModuleNotFoundError, match='pkg_resources'):
            package_utils.is_installed('mmpretrain')
    assert find_packages_without_pkg_resources() is True
    assert package_utils.is_installed('mmpretrain')


def test_it_leaves_mmengine_alone_where_pkg_resources_is_there() -> None:
    assert find_packages_without_pkg_resources() is not PRESENT
    assert (package_utils.is_installed is is_installed) is not PRESENT


def test_a_base_of_another_package_is_found(
    no_pkg_resources: None, tmp_path: Path
) -> None:
    find_packages_without_pkg_resources()
    leaf = tmp_path / 'leaf.py'
    for base, kind in (
        ('mmpretrain::_base_/models/vit-base-p16.py', 'ImageClassifier'),
        ('mmaction::_base_/models/swin_tiny.py', 'Recognizer3D'),
    ):
        leaf.write_text(f'_base_ = {base!r}\n')
        assert Config.fromfile(leaf).model.type == kind


@pytest.mark.parametrize('name', ['mmpretrain', 'mmaction2', 'mmaction', 'mmengine'])
def test_distributions_and_modules_are_both_known(name: str) -> None:
    assert is_installed(name)


def test_paths_are_those_of_the_modules() -> None:
    assert installed_path('mmpretrain') == str(Path(mmpretrain.__file__).parent)
    assert installed_path('mmaction2') == str(Path(mmaction.__file__).parent)


def test_what_is_not_installed_says_so() -> None:
    assert not is_installed('no_such_package')
    with pytest.raises(ModuleNotFoundError, match='no_such_package'):
        installed_path('no_such_package')


def test_our_own_configs_are_known_at_the_top_and_below(tmp_path: Path) -> None:
    leaf = tmp_path / 'leaf.py'
    leaf.write_text("_base_ = 'mmadapt::adaptformer_image_folder.py'\n")
    assert Config.fromfile(leaf).model.backbone.type == 'AdaptFormerViT'
    leaf.write_text("_base_ = 'mmadapt::_base_/default_runtime.py'\n")
    assert Config.fromfile(leaf).default_hooks.frozen_trunk.type == 'FrozenTrunkHook'


def test_telling_mmengine_twice_changes_nothing() -> None:
    known = config_module._get_package_and_cfg_path
    assert know_own_configs() is False
    assert config_module._get_package_and_cfg_path is known
