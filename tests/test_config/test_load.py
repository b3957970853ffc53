"""Reading a config file."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmadapt.config import load_config
from mmadapt.errors import ConfigError


def test_reads(tmp_path: Path) -> None:
    (tmp_path / 'a.py').write_text('x = 1\n')
    assert load_config(tmp_path / 'a.py').x == 1


def test_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / 'adaptformer.py').write_text('x = 1\n')
    with pytest.raises(ConfigError, match='no such file') as error:
        load_config(tmp_path / 'adaptfromer.py')
    assert str(tmp_path / 'adaptformer.py') in str(error.value)


@pytest.mark.parametrize(
    ('base', 'backbone'),
    [
        ('mmpretrain::deit/deit-tiny_4xb256_in1k.py', 'VisionTransformer'),
        (
            'mmaction::recognition/videomae/'
            'vit-base-p16_videomae-k400-pre_16x4x1_kinetics-400.py',
            'VisionTransformer',
        ),
    ],
)
def test_base_of_another_package(tmp_path: Path, base: str, backbone: str) -> None:
    (tmp_path / 'own.py').write_text(f"_base_ = '{base}'\n")
    assert load_config(tmp_path / 'own.py').model.backbone.type == backbone


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ("_base_ = 'nix.py'\n", 'based on a config that is not there.*nix'),
        ("_base_ = 'mmpretrain::nix/nix.py'\n", 'based on a config that is not there'),
        ('a = (\n', r'a\.py, line 1: '),
    ],
)
def test_a_config_that_can_not_be_read(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / 'a.py').write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_config(tmp_path / 'a.py')


def test_a_folder_is_no_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='is a folder'):
        load_config(tmp_path)
