"""A run that was cut off within an epoch goes on with the very batch that came next."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmadapt.errors import TaskFileError

from .test_adapter_checkpoint import config

pytestmark = pytest.mark.slow

RECIPE = """
model['backbone']['adapter'].update(dropout=0.5)
randomness = dict(seed=4)
optim_wrapper['optimizer'].update(momentum=0.9)
pipeline.insert(1, dict(type='RandomFlip', prob=0.5))
pipeline.insert(1, dict(type='RandomResizedCrop', scale=32))
custom_hooks += [dict(type='mmengine.EMAHook', momentum=0.3)]
default_hooks['checkpoint'].update(by_epoch=False, interval=2, save_best='auto')
"""
LOOPS = {
    'epochs': 'train_cfg.update(max_epochs=3)\n',
    'epochs, a worker': """
train_cfg.update(max_epochs=3)
train_dataloader.update(num_workers=2)
""",
    'iterations': 'train_cfg = dict(by_epoch=False, max_iters=9, val_interval=2)\n',
    'iterations, endless sampler': """
train_cfg = dict(by_epoch=False, max_iters=9, val_interval=4)
train_dataloader['sampler'].update(type='InfiniteSampler')
""",
}


class PowerCut(Hook):
    priority = 'LOWEST'

    def __init__(self, after: int) -> None:
        self.after = after

    def after_train_iter(self, runner: Runner, **_: object) -> None:
        if runner.iter + 1 == self.after:
            raise KeyboardInterrupt


def cut_off(folder: Path, changes: str, after: int) -> None:
    cut = Runner.from_cfg(config(folder, changes, experiment_name=f'cut{after}'))
    cut.register_hook(PowerCut(after))
    with pytest.raises(KeyboardInterrupt):
        cut.train()


@pytest.mark.parametrize('loop', sorted(LOOPS))
def test_it_ends_in_the_same_weights(tmp_path: Path, loop: str) -> None:
    changes = RECIPE + LOOPS[loop]
    whole = Runner.from_cfg(config(tmp_path / 'a', changes, experiment_name='whole'))
    whole.train()
    for after in (5, 7):  # in an epoch, and behind one that was validated
        cut_off(tmp_path / f'{after}', changes, after)
        name = f'resumed{after}'
        cfg = config(tmp_path / f'{after}', changes, experiment_name=name, resume=True)
        resumed = Runner.from_cfg(cfg)
        resumed.train()
        assert resumed.iter == whole.iter == 9
        for key, tensor in whole.model.state_dict().items():
            assert torch.equal(resumed.model.state_dict()[key], tensor), (after, key)


def test_an_epoch_of_another_length_is_refused(tmp_path: Path) -> None:
    changes = RECIPE + LOOPS['epochs']
    cut_off(tmp_path, changes, 5)
    other = changes + "train_dataloader['batch_size'] = 3\n"
    runner = Runner.from_cfg(config(tmp_path, other, resume=True))
    with pytest.raises(
        TaskFileError, match='after 1 of 3 batches.*here an epoch has 4'
    ):
        runner.train()
