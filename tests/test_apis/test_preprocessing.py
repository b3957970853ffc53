"""A task file isn't used on pixels that mean something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.model import BaseDataPreprocessor, ImgDataPreprocessor
from mmengine.runner import Runner
from torch import nn

from mmadapt.apis import load_task
from mmadapt.apis.preprocessing import PREPROCESSING, check_preprocessing, preprocessing
from mmadapt.config import load_config, merge_options, resolve_config
from mmadapt.errors import TaskFileError
from tests.tasks import write_config, write_images, write_trunk

OTHER: dict[str, dict[str, Any]] = {
    'mean': {'data_preprocessor.mean': [0, 0, 0]},
    'std': {'data_preprocessor.std': [1, 1, 1]},
    'to_rgb': {'data_preprocessor.to_rgb': False},
}


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A task that was trained for an epoch."""
    root = tmp_path_factory.mktemp('task')
    write_images(root / 'data')
    write_trunk(root / 'trunk.pth')
    cfg = config(root)
    cfg.work_dir, cfg.train_cfg.max_epochs = str(root / 'work'), 1
    Runner.from_cfg(resolve_config(cfg, 'train')).train()
    return root


def config(root: Path, **options: Any) -> Any:
    cfg = load_config(write_config(root / 'config.py'))
    where = {'data_root': str(root / 'data'), 'trunk': str(root / 'trunk.pth')}
    merge_options(cfg, {**where, **options})
    return cfg


def test_the_file_tells(folder: Path) -> None:
    file = folder / 'work' / 'epoch_1.pth'
    told = torch.load(file, weights_only=True)['meta'][PREPROCESSING]
    model = load_task(config(folder), file, 'cpu').model
    assert told == preprocessing(model)
    assert set(told) == {'mean', 'std', 'to_rgb'}
    assert len(told['mean']) == 3


@pytest.mark.parametrize('name', OTHER)
def test_other_pixels_are_refused(name: str, folder: Path, tmp_path: Path) -> None:
    file = folder / 'work' / 'epoch_1.pth'
    cfg = config(folder, **OTHER[name])
    with pytest.raises(TaskFileError, match=rf"epoch_1\.pth'.*\n  {name}: trained wit"):
        load_task(cfg, file, 'cpu')
    cfg = config(folder, **OTHER[name])
    cfg.work_dir, cfg.load_from = str(tmp_path), str(file)
    runner = Runner.from_cfg(resolve_config(cfg, 'test'))
    with pytest.raises(TaskFileError, match=rf'  {name}: trained with'):
        runner.test()


@pytest.mark.parametrize('side', ['file', 'model'])
def test_none_is_another_normalisation(side: str) -> None:
    plain, normal = (nn.Module() for _ in range(2))
    plain.data_preprocessor = BaseDataPreprocessor()
    normal.data_preprocessor = ImgDataPreprocessor([1, 2, 3], [4, 5, 6])
    trained, model = (plain, normal) if side == 'file' else (normal, plain)
    checkpoint = {'meta': {PREPROCESSING: preprocessing(trained)}}
    check_preprocessing('a.pth', checkpoint, trained)
    with pytest.raises(TaskFileError, match=r'mean: trained with .*\n  std: trained'):
        check_preprocessing('a.pth', checkpoint, model)


def test_a_file_that_does_not_tell_is_taken(folder: Path) -> None:
    content = torch.load(folder / 'work' / 'epoch_1.pth', weights_only=True)
    del content['meta'][PREPROCESSING]
    file = folder / 'old.pth'
    torch.save(content, file)
    cfg = config(folder, **OTHER['std'])
    assert preprocessing(load_task(cfg, file, 'cpu').model)['std'] == [1, 1, 1]
