"""Every config trains an iteration and evaluates a batch, shrunk, on imitated data.

Those of the quickstart are run by the test of its own commands.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from mmadapt import launch
from mmadapt.config import load_config, merge_options, resolve_config
from tests.test_configs.imitations import SIZES, SPLITS, write_data, write_lists
from tests.test_configs.test_build import CONFIGS, LEAVES, name_of

RUNS = [path for path in LEAVES if path.parent != CONFIGS / 'quickstart']
VIT = {
    'embed_dims': 48,
    'num_layers': 2,
    'num_heads': 4,
    'feedforward_channels': 96,
}
SWIN = {'embed_dims': 24, 'depths': [1, 1, 1, 1], 'num_heads': [1, 2, 4, 8]}


def data_of(path: Path) -> str:
    """The data set that a config's name ends with."""
    return next(data for data in SIZES if path.stem.endswith(f'_{data}'))


def shrunk(cfg: Config, root: Path) -> Config:
    """A small form of a config: 2 blocks (Swin: 4), 2 samples a batch, 2 frames."""
    backbone = cfg.model.backbone
    options: dict[str, Any] = {
        'data_root': str(root / 'data'),
        'work_dir': str(root / 'work'),
        'model.backbone.init_cfg.type': 'RandomTrunk',
        'train_cfg.max_epochs': 1,
        'param_scheduler.warmup': 0,
    }
    for loader in ('train', 'val', 'test'):
        options[f'{loader}_dataloader.batch_size'] = 2
        options[f'{loader}_dataloader.num_workers'] = 0
    if 'num_frames' in cfg:
        options |= {'num_frames': 2, 'num_classes': 2}
    if backbone.type == 'AdaptFormerViT':
        cfg.arch = VIT
    else:
        backbone.backbone.arch = SWIN
        head = 'cls_head' if 'cls_head' in cfg.model else 'head'
        options[f'model.{head}.in_channels'] = 8 * 24
        if 'neck' in cfg.model:
            options['model.neck.1.input_features'] = 8 * 24
    if 'layers' in (backbone.adapter or ()):
        backbone.adapter.layers = [1]
    return merge_options(cfg, options)


@pytest.mark.slow
@pytest.mark.parametrize('path', RUNS, ids=name_of)
def test_one_iteration_and_one_batch(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'data').mkdir()
    data = data_of(path)
    if data in SPLITS:  # two clips of two classes
        parts = ['train', 'val', 'test']
        write_lists(tmp_path / 'data', 2, 'csv', parts, SPLITS[data])
    else:
        write_data(data, tmp_path / 'data', monkeypatch)
    cfg = shrunk(load_config(path), tmp_path)
    runner = launch.build_runner(resolve_config(cfg))
    runner.train()
    assert runner.iter == 1
    metrics = runner.test()
    scores = [
        value for name, value in metrics.items() if 'top1' in name or 'mAP' in name
    ]
    assert len(scores) == 1
    assert 0 <= scores[0] <= 100
    assert len(list((tmp_path / 'work').glob('best_*_epoch_1.pth'))) == 1
