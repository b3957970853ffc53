"""Training from kept activations is training, without the frozen blocks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmadapt.cache import CachedDataset
from mmadapt.config import load_config, resolve_config
from mmadapt.errors import ConfigError

from ..tasks import (
    write_clips,
    write_config,
    write_images,
    write_trunk,
    write_video_config,
)

pytestmark = pytest.mark.slow

LINEAR = "model['backbone'].update(adapter=None)\n"
LAST = "model['backbone']['adapter'].update(layers=[-1])\n"
RECIPE = "randomness = dict(seed=3)\noptim_wrapper['optimizer'].update(momentum=0.9)\n"
CACHE = "default_hooks.update(cache=dict(type='PrefixCacheHook', folder={!r}{}))\n"
FLIP = "pipeline.insert(2, dict(type='RandomFlip', prob=0.5, direction='horizontal'))\n"


def config(folder: Path, changes: str, kind: str = 'image', run: str = 'a') -> Config:
    if not (folder / 'data').exists():
        write_images(folder / 'data') if kind == 'image' else write_clips(
            folder / 'data'
        )
        write_trunk(folder / 'trunk.pth')
    write = write_config if kind == 'image' else write_video_config
    cfg = load_config(write(folder / f'{run}.py', RECIPE + changes))
    cfg.data_root, cfg.trunk = str(folder / 'data'), str(folder / 'trunk.pth')
    cfg.work_dir = str(folder / run)
    cfg.experiment_name = f'{folder.name}-{run}'
    return resolve_config(cfg)


def train(folder: Path, changes: str, kind: str = 'image', run: str = 'a') -> Runner:
    runner = Runner.from_cfg(config(folder, changes, kind, run))
    runner.train()
    return runner


def cached(folder: Path, more: str = '') -> str:
    return CACHE.format(str(folder / 'kept'), more)


def folders(kept: Path) -> set[str]:
    return {path.name for path in kept.iterdir() if path.is_dir()}


def scores(runner: Runner) -> list[Any]:
    folder = Path(runner.log_dir) / 'vis_data' / 'scalars.json'
    lines = [json.loads(line) for line in folder.read_text().splitlines()]
    return [
        {name: value for name, value in line.items() if 'top' in name}
        for line in lines
        if 'step' in line and 'loss' not in line
    ]


@pytest.mark.parametrize('kind', ['image', 'video'])
@pytest.mark.parametrize('placement', [LINEAR, LAST], ids=['linear', 'last'])
def test_it_ends_in_the_weights_of_a_run_without_it(
    tmp_path: Path, kind: str, placement: str
) -> None:
    plain = train(tmp_path, placement, kind, 'plain')
    kept = train(tmp_path, placement + cached(tmp_path), kind, 'kept_run')
    assert isinstance(kept.train_dataloader.dataset, CachedDataset)
    ours, theirs = kept.model.state_dict(), plain.model.state_dict()
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, rtol=1e-4, atol=1e-5, msg=name)
    assert scores(kept) == scores(plain) != []


def test_the_frozen_blocks_run_once_a_sample_and_never_again(tmp_path: Path) -> None:
    calls = []

    def watched(run: str) -> int:
        calls.clear()
        runner = Runner.from_cfg(config(tmp_path, LAST + cached(tmp_path), run=run))
        block = runner.model.backbone.layers[0].ffn
        block.register_forward_pre_hook(lambda module, args: calls.append(len(args[0])))
        runner.train()
        return sum(calls)

    first, second = watched('first'), watched('second')
    checks = 24  # of three pairs, passed twice and compared, for either split
    assert first <= 24 + checks, '12 samples a split'
    assert second <= checks, 'two epochs, and everything is on disk'


def test_what_changes_is_made_anew(tmp_path: Path) -> None:
    train(tmp_path, LINEAR + cached(tmp_path))
    before = folders(tmp_path / 'kept')
    photo = next((tmp_path / 'data' / 'train').rglob('*.png'))
    image = cv2.imread(str(photo))
    cv2.imwrite(str(photo), 255 - image)
    train(tmp_path, LINEAR + cached(tmp_path), run='b')
    after = folders(tmp_path / 'kept')
    assert len(after - before) == 1, 'the training set alone'
    write_trunk(tmp_path / 'trunk.pth', seed=5)
    train(tmp_path, LINEAR + cached(tmp_path), run='c')
    last = folders(tmp_path / 'kept')
    assert len(last - after) == 2


def test_a_second_run_on_clips_makes_nothing_anew(tmp_path: Path) -> None:
    changes = LINEAR + 'train_cfg.update(max_epochs=1)\n' + cached(tmp_path)
    train(tmp_path, changes, 'video', run='a')
    before = folders(tmp_path / 'kept')
    train(tmp_path, changes, 'video', run='b')
    assert folders(tmp_path / 'kept') == before


def test_each_epoch_has_its_view(tmp_path: Path) -> None:
    changes = LINEAR + FLIP + cached(tmp_path, ', views=2, val=False')
    runner = Runner.from_cfg(config(tmp_path, changes))
    seen = []

    runner.train()
    data = runner.train_dataloader.dataset
    assert isinstance(data, CachedDataset)
    assert len(data) == 12
    assert data.view == 1, 'of the second epoch'
    for view in (0, 1):
        data.view = view
        seen.append(torch.stack([data[index]['inputs'] for index in range(12)]))
    assert not torch.equal(*seen), 'another draw of the flips'
    labels = [int(data[index]['data_samples'].gt_label) for index in range(12)]
    assert labels == [0] * 6 + [1] * 6


def test_what_is_not_drawn_is_kept_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    changes = LINEAR + cached(tmp_path, ', views=3')
    runner = Runner.from_cfg(config(tmp_path, changes))
    runner.logger.addHandler(caplog.handler)
    runner.train()
    runner.logger.removeHandler(caplog.handler)
    assert caplog.text.count('is deterministic: exact: 12 samples, 1 view(s)') == 2
    data = runner.train_dataloader.dataset
    assert isinstance(data, CachedDataset)
    assert (len(data), data.views, data.view) == (12, 1, 0)
    kept = [*(tmp_path / 'kept').glob('*/activations.bin')]
    assert [file.stat().st_size for file in kept] == [12 * 48 * 4] * 2


def test_a_second_training_uses_what_the_first_has_kept(tmp_path: Path) -> None:
    runner = Runner.from_cfg(config(tmp_path, LAST + cached(tmp_path)))
    runner.train()
    before = folders(tmp_path / 'kept')
    weights = {n: p.clone() for n, p in runner.model.state_dict().items()}
    runner.train_loop._max_epochs = 3
    runner.train()
    assert runner.epoch == 3
    assert isinstance(runner.train_dataloader.dataset, CachedDataset)
    assert isinstance(runner.val_dataloader.dataset, CachedDataset)
    assert folders(tmp_path / 'kept') == before
    after = runner.model.state_dict()
    assert any(not torch.equal(after[name], weights[name]) for name in weights)


def test_one_hot_labels_are_those_of_a_run_without_it(tmp_path: Path) -> None:
    changes = (
        LAST + 'data_preprocessor.update(to_onehot=True, num_classes=2)\n'
        "model['head']['loss'].update(use_soft=True)\n"
    )
    plain = train(tmp_path, changes, run='plain')
    kept = train(tmp_path, changes + cached(tmp_path), run='kept_run')
    data = kept.train_dataloader.dataset
    assert isinstance(data, CachedDataset)
    assert data[0]['data_samples'].gt_score.tolist() == [1, 0]
    for name, tensor in plain.model.state_dict().items():
        assert torch.equal(kept.model.state_dict()[name], tensor), name


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ('', 'layers.0.adapter.* trains, and no frozen block stands in front'),
        (LAST + "model['backbone'].update(trainable=['patch_embed'])\n", 'in front of'),
        (
            LAST + "model['backbone'].update(drop_rate=0.5)\n",
            'draws at random in front',
        ),
        (
            LAST + "model.update(train_cfg=dict(augments=[dict(type='Mixup', alpha=1.)]"
            '))\ndata_preprocessor.update(num_classes=2)\n',
            'mixes the inputs',
        ),
        (
            LAST + "custom_hooks = [dict(type='SwitchRecipeHook', schedule=[dict("
            'action_epoch=2, train_pipeline=pipeline)])]\n',
            'SwitchRecipeHook sets another pipeline',
        ),
        (
            LAST + "train_dataloader['sampler'] = dict(type='RepeatAugSampler')\n",
            'RepeatAugSampler gives a sample several times',
        ),
    ],
    ids=['first', 'stem', 'random', 'mixup', 'switch', 'repeats'],
)
def test_what_cannot_be_kept_is_refused(
    tmp_path: Path, changes: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        train(tmp_path, changes + cached(tmp_path))
    assert not (tmp_path / 'kept').exists()


def test_views_are_counted_from_one() -> None:
    from mmadapt.hooks import PrefixCacheHook

    with pytest.raises(ConfigError, match='views=0'):
        PrefixCacheHook('kept', views=0)
