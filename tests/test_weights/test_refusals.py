"""Every way to load a task file refuses one that isn't the model's, in words."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from torch import nn

from mmadapt.config import load_config, resolve_config
from mmadapt.errors import AdaptError, TaskFileError, WeightsError
from mmadapt.weights import task_state
from tests.tasks import write_config, write_images

from . import foreign
from .models import build, same, snapshot, video_model

pytestmark = pytest.mark.slow

Change = Callable[[dict[str, Any], Path], None]


def other_trunk(model: dict[str, Any], folder: Path) -> None:
    image = 'head' in model
    state = foreign.timm_state(seed=1) if image else foreign.videomae_state(seed=1)
    torch.save({'model': state}, folder / 'other.pth')
    model['backbone']['init_cfg']['checkpoint'] = str(folder / 'other.pth')


def other_adapter(model: dict[str, Any], folder: Path) -> None:
    model['backbone']['adapter'] = {'bottleneck': 2}


def other_classes(model: dict[str, Any], folder: Path) -> None:
    model['head' if 'head' in model else 'cls_head']['num_classes'] = 7


DONORS: list[tuple[Change, str]] = [
    (other_trunk, r'trunk: the file was trained on .* tensors differ'),
    (other_adapter, 'adapter bottleneck: the file has 2, the model 4'),
    (other_classes, r'head.fc.weight: the file has \(7, 48\), the model'),
]


def wrong_files(
    model: dict[str, Any], folder: Path
) -> list[tuple[Path, type[AdaptError], str]]:
    """Files that don't belong to a model config, and what is said of each."""
    found: list[tuple[Path, type[AdaptError], str]] = []
    for change, message in DONORS:
        config = copy.deepcopy(model)
        change(config, folder)
        donor = build(config)
        file = folder / f'{change.__name__}_task.pth'
        torch.save({'state_dict': task_state(donor, donor.state_dict())}, file)
        found.append((file, TaskFileError, message))
    whole = folder / 'other_classes_task.pth'
    half = folder / 'half.pth'
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    found.append((half, WeightsError, 'half.pth'))
    plain = folder / 'plain.pth'
    torch.save({'state_dict': foreign.timm_state()}, plain)
    found.append((plain, TaskFileError, 'no task file'))
    return found


@pytest.fixture
def image(tmp_path: Path) -> Config:
    torch.save({'model': foreign.timm_state()}, tmp_path / 'trunk.pth')
    cfg = load_config(write_config(tmp_path / 'config.py'))
    cfg.data_root = str(write_images(tmp_path / 'data'))
    cfg.trunk, cfg.work_dir = str(tmp_path / 'trunk.pth'), str(tmp_path / 'work')
    return resolve_config(cfg)


def refused(
    model: nn.Module, load: Callable[[], Any], error: type[AdaptError], message: str
) -> None:
    before = snapshot(model)
    with pytest.raises(error, match=message):
        load()
    assert same(model, before)


@pytest.mark.parametrize('resume', [False, True])
def test_by_the_runner(image: Config, tmp_path: Path, resume: bool) -> None:
    """By testing, and by training that resumes (it draws a new head first)."""
    runner = Runner.from_cfg(image)
    runner._resume = resume
    load = runner.train if resume else runner.test
    for file, error, message in wrong_files(image.model.to_dict(), tmp_path):
        runner._load_from = str(file)
        refused(runner.model.backbone, load, error, message)


def test_by_mmpretrain(image: Config, tmp_path: Path) -> None:
    from mmpretrain.apis import get_model

    for file, error, message in wrong_files(image.model.to_dict(), tmp_path):
        with pytest.raises(error, match=message):
            get_model(image, pretrained=str(file), device='cpu')


def test_by_mmaction(tmp_path: Path) -> None:
    from mmaction.apis import init_recognizer

    trunk = tmp_path / 'trunk.pth'
    torch.save({'model': foreign.videomae_state()}, trunk)
    model = video_model(str(trunk), adapter={'bottleneck': 4})
    cfg = Config({'model': model, 'default_scope': 'mmaction'})
    for file, error, message in wrong_files(model, tmp_path):
        with pytest.raises(error, match=message):
            init_recognizer(cfg, str(file), device='cpu')
