"""Every config for photos trains an iteration and evaluates a batch, shrunk."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmadapt import launch
from mmadapt.config import load_config, merge_options, resolve_config
from tests.test_configs.imitations import write_data
from tests.test_configs.test_build import CONFIGS

TINY = {
    'model.backbone.arch.embed_dims': 48,
    'model.backbone.arch.num_layers': 2,
    'model.backbone.arch.num_heads': 4,
    'model.backbone.arch.feedforward_channels': 96,
}
METRICS = {
    'cifar100': 'accuracy/top5',
    'svhn': 'accuracy/top5',
    'food101': 'accuracy/top5',
    'imagenet': 'accuracy/top5',
    'nuswide': 'multi-label/mAP',
    'image_folder': 'accuracy/top1',
    'image_multilabel': 'multi-label/mAP',
}
METHODS = ['adaptformer', 'baselines/linear', 'baselines/full']


@pytest.mark.slow
@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('data', METRICS)
def test_one_iteration_and_one_batch(
    method: str, data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'data').mkdir()
    write_data(data, tmp_path / 'data', monkeypatch)
    options = {
        'data_root': str(tmp_path / 'data'),
        **TINY,
        'work_dir': str(tmp_path / 'work'),
        'model.backbone.init_cfg.type': 'RandomTrunk',
        'train_cfg.max_epochs': 1,
        'param_scheduler.warmup': 0,
    }
    for loader in ('train', 'val', 'test'):
        options[f'{loader}_dataloader.batch_size'] = 2
        options[f'{loader}_dataloader.num_workers'] = 0
    cfg = merge_options(load_config(CONFIGS / f'{method}_{data}.py'), options)
    runner = launch.build_runner(resolve_config(cfg))
    runner.train()
    assert runner.iter == 1
    metrics = runner.test()
    assert 0 <= metrics[METRICS[data]] <= 100
    best = list((tmp_path / 'work').glob('best_*_epoch_1.pth'))
    assert len(best) == 1
