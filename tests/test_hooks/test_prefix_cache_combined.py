"""Kept activations beside mixed precision, stored weights, resuming, broken files."""

from __future__ import annotations

import logging
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from mmpretrain.models import SwinTransformer
from mmpretrain.registry import MODELS

from mmadapt.cache import CachedDataset, fill, room
from mmadapt.errors import ConfigError
from mmadapt.generators import generator_states

from .test_prefix_cache import FLIP, LAST, LINEAR, cached, config, folders, train

pytestmark = pytest.mark.slow

ONCE = 'train_cfg.update(max_epochs=1)\n'
AMP = "optim_wrapper.update(type='CpuAmpOptimWrapper')\n"
STORED = "model['backbone'].update(frozen_dtype='bfloat16')\n"
SWIN = """
model['backbone'] = dict(
    type='AdaptedBackbone',
    backbone=dict(
        type='SwinTransformer', img_size=32, patch_size=4, window_size=2,
        arch=dict(embed_dims=16, depths=[1, 1], num_heads=[2, 2]),
        drop_path_rate=0.0, out_indices=(1,)),
    adapter={adapter}, init_cfg=dict(type='RandomTrunk', seed=0))
model['neck'] = dict(type='GlobalAveragePooling')
model['head'].update(in_channels=32, num_classes=2)
val_evaluator.update(topk=(1,))
"""
SWINS = {
    'linear': SWIN.format(adapter=None),
    'last': SWIN.format(adapter='dict(bottleneck=4, layers=[-1])'),
}
WATCHED = """
default_hooks.update(broken_data=dict(type='BrokenDataHook'))
for loader in (train_dataloader, val_dataloader):
    loader['dataset']['type'] = 'ImageFolder'
"""


def val_scores(runner: Runner) -> torch.Tensor:
    """Scores of the first validation batch, as the validation loop computes them."""
    runner.model.eval()
    batch = next(iter(runner.val_loop.dataloader))
    with torch.no_grad():
        return torch.stack([s.pred_score for s in runner.model.val_step(batch)])


@pytest.mark.parametrize(
    'changes',
    [
        SWINS['linear'] + AMP,
        SWINS['last'] + AMP,
        LAST + STORED + AMP,
    ],
    ids=['linear', 'last', 'stored'],
)
def test_training_and_validation_each_keep_their_own_precision(
    tmp_path: Path, changes: str
) -> None:
    plain = train(tmp_path, ONCE + changes, run='plain')
    kept = train(tmp_path, ONCE + changes + cached(tmp_path), run='kept_run')
    for name, tensor in plain.model.state_dict().items():
        ours = kept.model.state_dict()[name]
        torch.testing.assert_close(ours, tensor, rtol=1e-2, atol=1e-3, msg=name)
    kept.model.load_state_dict(plain.model.state_dict())
    assert torch.equal(val_scores(kept), val_scores(plain))


def test_an_interrupted_training_goes_on_from_what_is_kept(tmp_path: Path) -> None:
    changes = LAST + cached(tmp_path)
    whole = train(tmp_path, changes, run='whole')
    made = folders(tmp_path / 'kept')
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / 'kept').rglob('*')}
    first = train(tmp_path, changes + ONCE, run='halves')
    assert first.epoch == 1
    cfg = config(tmp_path, changes, run='halves')
    cfg.resume = True
    second = Runner.from_cfg(cfg)
    second.train()
    assert second.epoch == 2
    assert folders(tmp_path / 'kept') == made
    for path, time in times.items():
        assert path.stat().st_mtime_ns == time, path
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(second.model.state_dict()[name], tensor), name


@pytest.mark.parametrize('stay', [True, False], ids=['stay', 'new'])
def test_dropout_draws_as_without_the_cache(tmp_path: Path, stay: bool) -> None:
    changes = LAST + (
        "model['backbone']['adapter'].update(dropout=0.5)\n"
        'train_cfg.update(max_epochs=3)\n'
        'for loader in (train_dataloader, val_dataloader):\n'
        f'    loader.update(num_workers=2, persistent_workers={stay})\n'
    )
    plain = train(tmp_path, changes, run='plain')
    kept = train(tmp_path, changes + cached(tmp_path), run='kept_run')
    assert isinstance(kept.train_dataloader.dataset, CachedDataset)
    for name, tensor in plain.model.state_dict().items():
        assert torch.equal(kept.model.state_dict()[name], tensor), name


@pytest.mark.parametrize('run', ['first', 'second'])
def test_broken_files_are_reported_whether_they_are_read_or_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, run: str
) -> None:
    changes = LINEAR + ONCE + WATCHED + cached(tmp_path)
    config(tmp_path, changes)  # which writes the data
    for name in ('train/red/3.png', 'val/blue/1.png'):
        (tmp_path / 'data' / name).write_bytes(b'\x89PNG broken')
    if run == 'second':
        train(tmp_path, changes, run='first')
    runner = Runner.from_cfg(config(tmp_path, changes, run=run))
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    runner.train()
    logger.removeHandler(caplog.handler)
    warned = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    for kind, name in (('training', 'train/red/3.png'), ('val', 'val/blue/1.png')):
        said = [x for x in warned if f'{kind} data: broken file' in x and name in x]
        assert len(said) == 1, warned
    assert any('1 of 12 files are broken and count as wrong' in x for x in warned)
    listed = (Path(runner.log_dir) / 'broken_files.txt').read_text().splitlines()
    assert sorted(Path(line.split("'")[1]).name for line in listed) == [
        '1.png',
        '3.png',
    ]


def test_more_broken_files_than_are_tolerated_end_a_later_run_too(
    tmp_path: Path,
) -> None:
    changes = LINEAR + ONCE + WATCHED + cached(tmp_path)
    config(tmp_path, changes)
    (tmp_path / 'data/train/red/3.png').write_bytes(b'\x89PNG broken')
    train(tmp_path, changes, run='a')
    strict = "default_hooks['broken_data'].update(share=0.0, least=0)\n"
    with pytest.raises(Exception, match='1 files of the data are broken, 0 are tol'):
        train(tmp_path, changes + strict, run='b')


def test_statistics_that_are_learnt_are_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    changes = (
        SWINS['last']
        .replace(
            "type='SwinTransformer', img_size=32, patch_size=4, window_size=2,\n"
            '        arch=dict(embed_dims=16, depths=[1, 1], num_heads=[2, 2]),',
            "type='TinyViT', img_size=(32, 32), window_size=[4, 4],\n"
            '        arch=dict(channels=[16, 32], num_heads=[2, 2], depths=[1, 2]),',
        )
        .replace('adapter=', 'norm_eval=False, adapter=')
    )
    changes = changes.replace('out_indices=(1,)', 'out_indices=[1]')
    changes = changes.replace("dict(type='GlobalAveragePooling')", 'None')
    with pytest.raises(ConfigError, match=r'patch_embed.*BatchNorm2d.*norm_eval=True'):
        train(tmp_path, changes + cached(tmp_path))
    assert not (tmp_path / 'kept').exists()


def test_room_is_counted_for_both_sets_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 12 * 48 * 4  # of one set
    usage = namedtuple('usage', 'free')
    monkeypatch.setattr(room.shutil, 'disk_usage', lambda path: usage(2 * size - 1))
    with pytest.raises(ConfigError, match='GB are free'):
        train(tmp_path, LINEAR + cached(tmp_path))
    assert not (tmp_path / 'kept').exists()


def test_room_is_taken_for_both_sets_before_anything_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []
    compute = fill.compute

    def watched(*args: Any) -> None:
        files = (tmp_path / 'kept').glob('*/activations.bin')
        taken.append([room.taken(file) for file in files])
        compute(*args)

    monkeypatch.setattr(fill, 'compute', watched)
    train(tmp_path, LINEAR + ONCE + cached(tmp_path))
    assert taken == [[12 * 48 * 4] * 2] * 2


@MODELS.register_module()
class SkippingSwin(SwinTransformer):
    """A backbone whose output reads its input once more, behind all blocks."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The feature map, and the mean of the input."""
        return tuple(part + x.mean() for part in super().forward(x))


def test_a_backbone_that_can_not_be_cut_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    changes = SWINS['last'].replace("'SwinTransformer'", "'SkippingSwin'")
    with pytest.raises(ConfigError, match='it cannot be cut there'):
        train(tmp_path, changes + cached(tmp_path))
    assert not (tmp_path / 'kept').exists()


def test_filling_draws_nothing_from_the_generators_of_the_run(tmp_path: Path) -> None:
    states = []

    class Watching(Runner):
        """Takes note of the generators around the hook."""

        def call_hook(self, fn_name: str, **kwargs: object) -> None:
            """Of ``before_train`` alone."""
            if fn_name == 'before_train':
                states.append(generator_states(torch.device('cpu')))
            super().call_hook(fn_name, **kwargs)
            if fn_name == 'before_train':
                states.append(generator_states(torch.device('cpu')))

    changes = LINEAR + ONCE + FLIP
    for run, more in (('plain', ''), ('kept_run', cached(tmp_path, ', views=2'))):
        runner = Watching.from_cfg(config(tmp_path, changes + more, run=run))
        runner.train()
    assert isinstance(runner.train_dataloader.dataset, CachedDataset)
    assert states[0] == states[1]
    assert states[2] == states[3] == states[0]
