"""A run that was cut off and resumed ends in the weights of one that was not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmadapt.errors import ConfigError, TaskFileError

from .test_adapter_checkpoint import config

pytestmark = pytest.mark.slow

RECIPE = """
model['backbone']['adapter'].update(dropout=0.5)
randomness = dict(seed=4)
train_cfg.update(max_epochs=3)
optim_wrapper['optimizer'].update(momentum=0.9)
param_scheduler = [
    dict(type='WarmupCosineLR', warmup=1, end=3, convert_to_iter_based=True)]
default_hooks['checkpoint'].update(save_best='auto')
"""
AVERAGES = {
    'none': '',
    'mmpretrain': "custom_hooks += [dict(type='EMAHook', momentum=0.3)]\n",
    'mmengine': "custom_hooks += [dict(type='mmengine.EMAHook', momentum=0.3)]\n",
    'buffers': "custom_hooks += [dict(type='mmengine.EMAHook', update_buffers=True)]\n",
}


class PowerCut(Hook):
    priority = 'LOWEST'

    def before_train_epoch(self, runner: Runner) -> None:
        if runner.epoch == 2:
            raise KeyboardInterrupt


WORKERS = """
pipeline[1] = dict(type='RandomResizedCrop', scale=32)
train_dataloader.update(num_workers=2, persistent_workers={})
"""
OTHERS = {
    'workers that stay': WORKERS.format(True),
    'new workers': WORKERS.format(False),
    # three batches an epoch: the file is cut off between two updates, and at the end
    # one is over
    'accumulated': 'optim_wrapper.update(accumulative_counts=4)\n',
}


@pytest.mark.parametrize('change', sorted(AVERAGES | OTHERS))
def test_it_ends_in_the_same_weights(tmp_path: Path, change: str) -> None:
    changes = RECIPE + (AVERAGES | OTHERS)[change]
    whole = Runner.from_cfg(config(tmp_path / 'a', changes, experiment_name='whole'))
    whole.train()

    cut = Runner.from_cfg(config(tmp_path / 'b', changes, experiment_name='cut'))
    cut.register_hook(PowerCut())
    with pytest.raises(KeyboardInterrupt):
        cut.train()
    cfg = config(tmp_path / 'b', changes, experiment_name='resumed', resume=True)
    resumed = Runner.from_cfg(cfg)
    resumed.train()

    assert resumed.iter == whole.iter == 9
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], tensor), name
    files = [tmp_path / run / 'work' / 'epoch_3.pth' for run in 'ab']
    ours, theirs = (torch.load(file, weights_only=True) for file in files)
    for part in {'state_dict', 'ema_state_dict'} & set(ours):
        assert ours[part].keys() == theirs[part].keys()
        for name, tensor in ours[part].items():
            assert torch.equal(theirs[part][name], tensor), (part, name)


@pytest.mark.parametrize('average', ['none', 'mmpretrain', 'mmengine'])
def test_a_file_of_another_task_is_refused(tmp_path: Path, average: str) -> None:
    changes = RECIPE + AVERAGES[average]
    Runner.from_cfg(config(tmp_path, changes)).train()
    for change, message in (
        ("model['backbone']['adapter'].update(bottleneck=2)\n", 'adapter bottleneck'),
        ("model['head'].update(num_classes=3)\n", r'head.fc.weight: .*\(2, 48\)'),
    ):
        cfg = config(tmp_path, changes + change, resume=True)
        runner = Runner.from_cfg(cfg)
        backbone = runner.model.backbone
        before = {name: value.clone() for name, value in backbone.state_dict().items()}
        with pytest.raises(TaskFileError, match=message):
            runner.train()
        for name, tensor in backbone.state_dict().items():
            assert torch.equal(tensor, before[name]), name


def test_an_average_without_its_hook_is_refused(tmp_path: Path) -> None:
    Runner.from_cfg(config(tmp_path, RECIPE + AVERAGES['mmengine'])).train()
    runner = Runner.from_cfg(config(tmp_path, RECIPE, resume=True))
    backbone = runner.model.backbone
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    with pytest.raises(TaskFileError, match='moving average .* Put its EMAHook back'):
        runner.train()
    for name, tensor in backbone.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_an_average_behind_the_checkpoint_hook_is_refused(tmp_path: Path) -> None:
    changes = "custom_hooks = [dict(type='EMAHook', priority='LOWEST')]\n"
    runner = Runner.from_cfg(config(tmp_path, changes))
    with pytest.raises(ConfigError, match='priority LOWEST, behind'):
        runner.train()
