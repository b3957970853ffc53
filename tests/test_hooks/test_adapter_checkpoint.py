"""What a run leaves on disk: task files that load safely and resume whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner

from mmadapt.config import load_config, resolve_config
from mmadapt.errors import StorageError
from mmadapt.hooks import AdapterCheckpointHook, storage

from ..tasks import write_config, write_images, write_trunk

pytestmark = pytest.mark.slow

EMA = "custom_hooks = [dict(type='EMAHook', momentum=0.5, update_buffers={})]\n"
KEEP_ONE = "default_hooks['checkpoint'].update(max_keep_ckpts=1, save_best='auto')\n"


def config(folder: Path, changes: str = '', **values: Any) -> Config:
    if not (folder / 'data').exists():
        write_images(folder / 'data')
        write_trunk(folder / 'trunk.pth')
    cfg = load_config(write_config(folder / 'config.py', changes))
    cfg.data_root, cfg.trunk = str(folder / 'data'), str(folder / 'trunk.pth')
    cfg.work_dir = str(folder / 'work')
    cfg.merge_from_dict(values)
    return resolve_config(cfg)


def train(folder: Path, changes: str = '', **values: Any) -> Runner:
    runner = Runner.from_cfg(config(folder, changes, **values))
    runner.train()
    return runner


def load(path: Path) -> dict[str, Any]:
    return torch.load(path, weights_only=True)


def test_files_hold_the_task_and_load_safely(tmp_path: Path) -> None:
    runner = train(tmp_path)
    last = load(tmp_path / 'work' / 'epoch_2.pth')
    stored = last['state_dict']
    trained = {n for n, p in runner.model.named_parameters() if p.requires_grad}
    assert trained < set(stored)
    frozen = {n for n, p in runner.model.named_parameters() if not p.requires_grad}
    assert not frozen & set(stored)
    for name, tensor in stored.items():
        assert torch.equal(runner.model.state_dict()[name], tensor)
    assert {'optimizer', 'message_hub', 'meta'} <= set(last)
    assert tuple(last['meta']['dataset_meta']['classes']) == ('blue', 'red')
    assert last['meta']['epoch'] == 2


def test_resuming_keeps_the_log(tmp_path: Path) -> None:
    train(tmp_path)
    runner = Runner.from_cfg(config(tmp_path, resume=True, train_cfg={'max_epochs': 3}))
    runner.train()
    assert runner.epoch == 3
    losses = runner.message_hub.get_scalar('train/loss')
    assert isinstance(losses, HistoryBuffer)
    assert len(losses.data[0]) == 9  # three batches an epoch
    assert (tmp_path / 'work' / 'epoch_3.pth').is_file()


def test_a_resumed_run_steps_as_its_own_config_says(tmp_path: Path) -> None:
    train(tmp_path, train_cfg={'max_epochs': 1})
    runner = train(
        tmp_path, resume=True, optim_wrapper={'optimizer': {'foreach': True}}
    )
    assert runner.epoch == 2
    [group] = runner.optim_wrapper.param_groups
    assert (group['fused'], group['foreach']) == (None, True)


@pytest.mark.parametrize('buffers', [False, True])
def test_moving_averages_are_cut_alike_and_resume(
    tmp_path: Path, buffers: bool
) -> None:
    changes = EMA.format(buffers)
    train(tmp_path, changes)
    last = load(tmp_path / 'work' / 'epoch_2.pth')
    averaged = {
        name.removeprefix('module.')
        for name in last['ema_state_dict']
        if name.startswith('module.')
    }
    assert averaged == set(last['state_dict'])
    assert 'steps' in last['ema_state_dict']
    cfg = config(tmp_path, changes, resume=True, train_cfg={'max_epochs': 3})
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.epoch == 3


def test_old_files_go_after_the_new_ones_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A save that fails in the second epoch leaves the first epoch's files."""
    saved = Runner.save_checkpoint

    def failing(runner: Runner, *args: Any, **options: Any) -> None:
        if runner.epoch >= 1 and 'epoch_2.pth' in args:
            raise OSError(28, 'No space left on device')
        saved(runner, *args, **options)

    monkeypatch.setattr(Runner, 'save_checkpoint', failing)
    with pytest.raises(OSError, match='No space left'):
        train(tmp_path, KEEP_ONE)
    names = {path.name for path in (tmp_path / 'work').glob('*.pth')}
    assert 'epoch_1.pth' in names
    assert load(tmp_path / 'work' / 'epoch_1.pth')['meta']['epoch'] == 1
    pointer = (tmp_path / 'work' / 'last_checkpoint').read_text()
    assert pointer.endswith('epoch_1.pth')


def test_the_newest_and_the_best_are_kept(tmp_path: Path) -> None:
    train(tmp_path, KEEP_ONE)
    names = sorted(path.name for path in (tmp_path / 'work').glob('*.pth'))
    assert [name for name in names if name.startswith('epoch')] == ['epoch_2.pth']
    best = [name for name in names if name.startswith('best')]
    assert len(best) == 1
    content = load(tmp_path / 'work' / best[0])
    assert 'optimizer' not in content
    assert 'param_schedulers' not in content
    pointer = (tmp_path / 'work' / 'last_checkpoint').read_text()
    assert pointer.endswith('epoch_2.pth')


def test_full_fine_tuning_saves_everything(tmp_path: Path) -> None:
    changes = "model['backbone'].update(adapter=None, trainable='all')\n"
    runner = train(tmp_path, changes)
    stored = load(tmp_path / 'work' / 'epoch_2.pth')['state_dict']
    assert set(stored) == set(runner.model.state_dict())


def test_a_storage_of_ones_own_is_used() -> None:
    own = AdapterCheckpointHook(backend_args={'backend': 'petrel'})
    assert own.backend_args == {'backend': 'petrel'}


def test_published_files_load_safely_too(tmp_path: Path) -> None:
    changes = (
        "default_hooks['checkpoint'].update("
        "interval=-1, published_keys=['meta', 'state_dict'])\n"
    )
    train(tmp_path, changes)
    (published,) = (tmp_path / 'work').glob('epoch_2-*.pth')
    content = load(published)
    assert set(content) == {'meta', 'state_dict'}
    last = load(tmp_path / 'work' / 'epoch_2.pth')
    assert content['state_dict'].keys() == last['state_dict'].keys()


def test_an_address_keeps_its_own_storage() -> None:
    assert AdapterCheckpointHook(out_dir='s3://bucket').backend_args is None
    local = AdapterCheckpointHook(out_dir='results').backend_args
    assert local == {'backend': 'mmadapt.AtomicLocalBackend'}


def test_a_note_that_can_not_be_written_is_an_error_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = storage.write_whole

    def full(content: bytes, path: Any) -> None:
        if Path(path).name == 'last_checkpoint':
            raise OSError(28, 'No space left on device')
        real(content, path)

    monkeypatch.setattr(storage, 'write_whole', full)
    with pytest.raises(StorageError, match=r'last_checkpoint.*No space.*--resume'):
        train(tmp_path)
    assert load(tmp_path / 'work' / 'epoch_1.pth')['meta']['epoch'] == 1
