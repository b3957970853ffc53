"""From an imitated download through the tools to a step of training and of testing."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from mmadapt.config import load_config, merge_options, resolve_config
from tests.test_configs.test_build import CONFIGS
from tests.test_tools.cli import run_tool
from tests.test_tools.test_data.video_layouts import write_hmdb51, write_ssv2

SHRUNK = {
    'model.backbone.init_cfg.type': 'RandomTrunk',
    'model.backbone.num_frames': 2,
    'model.backbone.embed_dims': 24,
    'model.backbone.depth': 2,
    'model.backbone.num_heads': 2,
    'train_dataloader.batch_size': 2,
    'train_dataloader.num_workers': 0,
    'train_dataloader.dataset.pipeline.1.clip_len': 2,
    'val_dataloader.batch_size': 2,
    'val_dataloader.num_workers': 0,
    'val_dataloader.dataset.pipeline.1.clip_len': 2,
    'test_dataloader.num_workers': 0,
    'test_dataloader.dataset.pipeline.1.clip_len': 2,
}


def one_step_each(cfg: Config) -> None:
    """Train on one batch, then score one of the validation and one of the test."""
    runner = Runner.from_cfg(cfg)
    optim = runner.build_optim_wrapper(cfg.optim_wrapper)
    train, val, test = (
        runner.build_dataloader(cfg[f'{part}_dataloader'])
        for part in ('train', 'val', 'test')
    )
    before = runner.model.cls_head.fc.weight.clone()
    runner.model.train()
    losses = runner.model.train_step(next(iter(train)), optim)
    assert torch.isfinite(losses['loss'])
    assert not torch.equal(runner.model.cls_head.fc.weight, before)
    runner.model.eval()
    for loader, size in ((val, 2), (test, 1)):
        samples = runner.model.test_step(next(iter(loader)))
        assert len(samples) == size
        assert samples[0].pred_score.shape == (cfg.num_classes,)
    assert len(train.dataset.metainfo['classes']) == cfg.num_classes


@pytest.mark.parametrize(
    'method', ['adaptformer', 'baselines/linear', 'baselines/full']
)
@pytest.mark.parametrize('data', ['ssv2', 'hmdb51'])
def test_a_prepared_download_trains(
    data: str, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = (write_ssv2 if data == 'ssv2' else write_hmdb51)(tmp_path / 'data')
    argv = ['--workers', 2, '--subset', '--no-decode']
    run_tool(monkeypatch, f'data/{data}', root, *argv)
    options = {**SHRUNK, 'data_root': str(root), 'work_dir': str(tmp_path / 'work')}
    if data == 'hmdb51':
        options['split'] = 'split2'
    cfg = merge_options(load_config(CONFIGS / f'{method}_{data}.py'), options)
    with DefaultScope.overwrite_default_scope('mmaction'):
        one_step_each(resolve_config(cfg))


def test_a_reencoded_folder_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_hmdb51(tmp_path / 'data')
    run_tool(monkeypatch, 'data/hmdb51', root, '--subset', '--no-decode')
    argv = ['--lists', *(f'split1/{part}.csv' for part in ('train', 'val', 'test'))]
    fast = tmp_path / 'fast'
    run_tool(monkeypatch, 'data/reencode', root, fast, *argv, '--workers', 2)
    options = {**SHRUNK, 'data_root': str(fast), 'work_dir': str(tmp_path / 'work')}
    cfg = merge_options(load_config(CONFIGS / 'adaptformer_hmdb51.py'), options)
    with DefaultScope.overwrite_default_scope('mmaction'):
        one_step_each(resolve_config(cfg))
