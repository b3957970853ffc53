"""Broken files are left out, and count once as wrong, however many processes read."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner

from mmadapt.config import load_config, resolve_config
from mmadapt.launch import join_processes
from mmadapt.wrapping import unwrapped

from ..processes import in_processes
from ..tasks import (
    write_clips,
    write_config,
    write_images,
    write_trunk,
    write_video_config,
)

WATCHED = """
default_hooks['broken_data'] = dict(type='BrokenDataHook')
train_cfg.update(max_epochs=1)
randomness = dict(seed=1)
"""
PHOTOS = """
for loader in (train_dataloader, val_dataloader, test_dataloader):
    loader['dataset'].update(type='ImageFolder')
val_dataloader['dataset']['test_mode'] = True
"""
VIEWS = """
for loader in (train_dataloader, val_dataloader, test_dataloader):
    loader['dataset'].update(type='VideoList')
test_pipeline[1].update(num_clips=2)
test_pipeline[3:4] = [
    dict(type='Resize', scale=(-1, 32)),
    dict(type='ThreeCrop', crop_size=32)]
model['cls_head']['average_clips'] = 'prob'
"""
BROKEN = {
    'photos': ('val/blue/0.png', 'val/red/2.png', 'val/red/5.png'),
    'clips': ('0_1.mp4', '1_2.mp4'),
}


def config(kind: str, folder: Path, broken: tuple[str, ...], changes: str) -> Config:
    """A run on data of which some files are broken."""
    data = folder / 'data'
    if kind == 'photos':
        write_images(data)
        file = write_config(folder / 'config.py', WATCHED + PHOTOS + changes)
    else:
        write_clips(data)
        file = write_video_config(folder / 'config.py', WATCHED + VIEWS + changes)
    write_trunk(folder / 'trunk.pth')
    for name in broken:
        (data / name).write_bytes(b'neither a photo nor a clip')
    cfg = load_config(file)
    cfg.data_root, cfg.trunk = str(data), str(folder / 'trunk.pth')
    cfg.work_dir, cfg.launcher = str(folder / 'work'), 'pytorch'
    return resolve_config(cfg)


def scores(cfg: Config) -> dict[str, Any]:
    """The metrics of a model that answers 0, in one process of however many."""
    join_processes(cfg)
    runner = Runner.from_cfg(cfg)
    for name, parameter in unwrapped(runner.model).named_parameters():
        if name.startswith(('head.fc', 'cls_head.fc')):
            parameter.data.zero_()
        if name in ('head.fc.bias', 'cls_head.fc.bias'):
            parameter.data[0] = 5.0
    return dict(runner.val())


def trained(cfg: Config) -> list[str]:
    """What a training warns of, and the list that it leaves."""
    join_processes(cfg)
    runner = Runner.from_cfg(cfg)
    said: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    MMLogger.get_current_instance().addHandler(handler)
    runner.train()
    return said


@pytest.mark.slow
@pytest.mark.parametrize('kind', BROKEN)
def test_they_count_as_wrong_once(kind: str, folder: Path) -> None:
    cfg = config(kind, folder, BROKEN[kind], '')
    (alone,) = in_processes(1, lambda _: scores(cfg), folder)
    assert alone['broken_files'] == len(BROKEN[kind])
    right = {'photos': ('accuracy/top1', 100 * 5 / 12), 'clips': ('acc/top1', 3 / 8)}
    name, share = right[kind]
    assert alone[name] == pytest.approx(share)
    for processes in (2, 3):  # 12 photos, 8 clips: 3 processes share unevenly
        for found in in_processes(processes, lambda _: scores(cfg), folder):
            assert found == alone


@pytest.mark.slow
def test_training_tells_those_of_all_processes(folder: Path) -> None:
    names = ('train/blue/1.png', 'train/red/3.png', 'train/red/4.png')
    cfg = config('photos', folder, names, 'train_dataloader.update(batch_size=2)')
    lines, _ = in_processes(2, lambda _: trained(cfg), folder)
    for name in names:
        assert len([line for line in lines if name in line]) == 2, lines
    (listed,) = (folder / 'work').rglob('broken_files.txt')
    assert len(listed.read_text().splitlines()) == len(names)


@pytest.mark.slow
def test_more_than_a_share_ends_every_process(folder: Path) -> None:
    """None of the two has more than the limit, both together have."""
    names = ('train/blue/0.png', 'train/blue/2.png', 'train/red/1.png')
    changes = (
        "default_hooks['broken_data'].update(share=0.0, least=2)\n"
        'train_dataloader.update(batch_size=2)\n'
    )
    cfg = config('photos', folder, names, changes)
    for found in in_processes(2, lambda _: trained(cfg), folder):
        assert isinstance(found, str)
        assert found.startswith('DataError: 3 files of the data are broken, 2')
