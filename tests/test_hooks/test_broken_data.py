"""A run goes on past broken files, lists them, and never counts one as right."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner

from mmadapt.config import load_config, resolve_config
from mmadapt.errors import ConfigError, DataError
from mmadapt.hooks import BrokenDataHook

from ..tasks import write_config, write_images, write_trunk

WATCHED = """
default_hooks['broken_data'] = dict(type='BrokenDataHook')
for loader in (train_dataloader, val_dataloader):
    loader['dataset'].update(type='ImageFolder')
val_dataloader['dataset']['test_mode'] = True
randomness = dict(seed=1)
"""
BROKEN = ('train/blue/1.png', 'train/red/4.png', 'val/blue/0.png', 'val/red/2.png')


def config(folder: Path, changes: str = '', broken: tuple[str, ...] = BROKEN) -> Config:
    if not (folder / 'data').exists():
        write_images(folder / 'data')
        write_trunk(folder / 'trunk.pth')
    for name in broken:
        (folder / 'data' / name).write_bytes(b'\x89PNG\r\n\x1a\n and nothing else')
    cfg = load_config(write_config(folder / 'config.py', WATCHED + changes))
    cfg.data_root, cfg.trunk = str(folder / 'data'), str(folder / 'trunk.pth')
    cfg.work_dir = str(folder / 'work')
    return resolve_config(cfg)


def run(cfg: Config, caplog: Any) -> tuple[Runner, list[str]]:
    """The runner behind its training, and the warnings that it logged."""
    runner = Runner.from_cfg(cfg)
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    try:
        runner.train()
    finally:
        logger.removeHandler(caplog.handler)
    return runner, [
        record.getMessage()
        for record in caplog.records
        if record.levelno == logging.WARNING and 'broken' in record.getMessage()
    ]


@pytest.mark.slow
@pytest.mark.parametrize('workers', [0, 2])
def test_each_is_logged_once_and_all_are_listed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, workers: int
) -> None:
    changes = f"""
for loader in (train_dataloader, val_dataloader):
    loader.update(num_workers={workers}, persistent_workers={workers > 0})
"""
    runner, lines = run(config(tmp_path, changes), caplog)
    assert runner.iter == 6
    for name in BROKEN:
        said = [line for line in lines if name in line]
        assert len(said) == 2, said  # once when it was met, once at the end
        assert 'can not be read' in said[0]
    assert sum('2 of 12 files are broken and count as wrong' in x for x in lines) == 2
    assert lines[-1].startswith('4 broken files in all')
    listed = (Path(runner.log_dir) / 'broken_files.txt').read_text().splitlines()
    assert len(listed) == 4
    for dataset in (runner.train_dataloader.dataset, runner.val_dataloader.dataset):
        assert dataset.broken.file.exists()


@pytest.mark.slow
def test_a_broken_file_is_never_right(tmp_path: Path) -> None:
    whole = Runner.from_cfg(config(tmp_path / 'a', broken=()))
    half = Runner.from_cfg(config(tmp_path / 'b', broken=BROKEN[2:]))
    for runner in (whole, half):
        with torch.no_grad():
            runner.model.head.fc.weight.zero_()
            runner.model.head.fc.bias.copy_(torch.tensor([5.0, 0.0]))  # always blue
    assert whole.test()['accuracy/top1'] == 50.0
    found = half.test()
    assert found['accuracy/top1'] == pytest.approx(100 * 5 / 12)
    assert found['broken_files'] == 2


UNSAID = """
val_dataloader['dataset'].pop('test_mode')
plain = val_dataloader['dataset']
val_dataloader.update(num_workers=WORKERS, dataset=WRAPPED)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ('wrapped', 'workers'),
    [
        ('plain', 0),
        ('plain', 2),
        ("dict(type='ConcatDataset', datasets=[plain, dict(plain)])", 0),
        ("dict(type='RepeatDataset', times=2, dataset=plain)", 0),
    ],
)
def test_a_config_need_not_say_test_mode(
    tmp_path: Path, wrapped: str, workers: int
) -> None:
    changes = UNSAID.replace('WRAPPED', wrapped).replace('WORKERS', str(workers))
    runner = Runner.from_cfg(config(tmp_path, changes, BROKEN[2:]))
    with torch.no_grad():
        runner.model.head.fc.weight.zero_()
        runner.model.head.fc.bias.copy_(torch.tensor([5.0, 0.0]))  # always blue
    found = runner.val()
    assert found['accuracy/top1'] == pytest.approx(100 * 5 / 12)
    assert found['broken_files'] == 2


@pytest.mark.slow
def test_what_is_trained_on_goes_on_drawing_others(tmp_path: Path) -> None:
    changes = UNSAID.replace('WRAPPED', 'plain').replace('WORKERS', '0')
    runner = Runner.from_cfg(config(tmp_path, changes))
    runner.train()
    assert not runner.train_dataloader.dataset.test_mode
    assert runner.val_dataloader.dataset.test_mode


@pytest.mark.slow
def test_one_object_to_train_and_to_validate_is_refused(tmp_path: Path) -> None:
    runner = Runner.from_cfg(config(tmp_path))
    loader = runner.build_dataloader(runner.cfg.train_dataloader)
    runner._train_dataloader = runner._val_dataloader = loader
    with pytest.raises(ConfigError, match='val_dataloader reads the very ImageFolder'):
        runner.train()


@pytest.mark.slow
def test_more_than_a_share_stops_the_run(tmp_path: Path) -> None:
    few = "default_hooks['broken_data'].update(share=0.1, least=1)\n"
    with pytest.raises(DataError, match='2 files .* are broken, 1 are tolerated') as e:
        Runner.from_cfg(config(tmp_path, few)).train()
    assert 'default_hooks.broken_data.share' in str(e.value)


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['epochs', 'iterations'])
def test_a_resumed_run_draws_the_same(tmp_path: Path, kind: str) -> None:
    changes = """
default_hooks['checkpoint'].update(by_epoch=False, interval=2, save_best=None)
train_dataloader.update(num_workers=2)
pipeline.insert(1, dict(type='RandomFlip', prob=0.5))
pipeline.insert(1, dict(type='RandomResizedCrop', scale=32))
"""
    if kind == 'iterations':
        changes += 'train_cfg = dict(by_epoch=False, max_iters=6, val_interval=6)\n'
    whole = Runner.from_cfg(config(tmp_path, changes))
    whole.train()
    cfg = config(tmp_path, changes)
    cfg.load_from, cfg.resume = str(tmp_path / 'work' / 'iter_4.pth'), True
    resumed = Runner.from_cfg(cfg)
    resumed.train()
    assert resumed.iter == 6
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], tensor), name


@pytest.mark.parametrize(
    'options', [{'share': 2}, {'share': True}, {'least': -1}, {'least': 1.5}]
)
def test_bad_numbers(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match='BrokenDataHook got'):
        BrokenDataHook(**options)
