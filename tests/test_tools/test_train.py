"""tools/train.py: every argument is obeyed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmadapt.arguments import read_shared
from mmadapt.config import load_config
from mmadapt.errors import ConfigError, NonFiniteError
from tests.tasks import write_config, write_images, write_trunk
from tests.test_tools.cli import ROOT, load_tool, run_tool


@pytest.fixture
def files(tmp_path: Path) -> Path:
    write_images(tmp_path / 'photos')
    write_trunk(tmp_path / 'tiny.pth')
    write_config(tmp_path / 'photos.py')
    return tmp_path


def merged(file: Path, *argv: str) -> Config:
    tool = load_tool('train')
    args = tool.parse_args([str(file), *argv])
    return tool.merge_args(read_shared(args), args)


def test_work_dir_of_line_config_or_name(tmp_path: Path) -> None:
    plain = write_config(tmp_path / 'photos.py')
    own = write_config(tmp_path / 'own.py', "work_dir = 'mine'\n")
    assert merged(plain).work_dir == 'work_dirs/photos'
    assert merged(own).work_dir == 'mine'
    assert merged(own, '--work-dir', 'given').work_dir == 'given'


def test_no_validate(tmp_path: Path) -> None:
    cfg = merged(write_config(tmp_path / 'a.py'), '--no-validate')
    assert cfg.val_cfg is cfg.val_dataloader is cfg.val_evaluator is None


def test_resume(tmp_path: Path) -> None:
    file = write_config(tmp_path / 'a.py', "load_from = 'old.pth'\n")
    plain = merged(file)
    assert (plain.get('resume', False), plain.load_from) == (False, 'old.pth')
    given = merged(file, '--resume', str(file))
    assert (given.resume, given.load_from) == (True, str(file))
    with pytest.raises(ConfigError, match='no such file'):
        merged(file, '--resume', str(tmp_path / 'no.pth'))


def test_resume_from_the_work_dir_even_if_moved(tmp_path: Path) -> None:
    file = write_config(tmp_path / 'a.py', f"work_dir = '{tmp_path}'\n")
    with pytest.warns(UserWarning, match='from the beginning'):
        cfg = merged(file, '--resume')
    assert (cfg.resume, cfg.load_from) == (False, None)
    checkpoint = {'optimizer': {}, 'meta': {'iter': 3}}
    torch.save(checkpoint, tmp_path / 'epoch_3.pth')
    (tmp_path / 'last_checkpoint').write_text('/moved/away/epoch_3.pth')
    assert merged(file, '--resume').load_from == str(tmp_path / 'epoch_3.pth')


def test_auto_scale_lr(tmp_path: Path) -> None:
    plain = write_config(tmp_path / 'a.py')
    with pytest.raises(ConfigError, match='base_batch_size'):
        merged(plain, '--auto-scale-lr')
    based = write_config(
        tmp_path / 'b.py', 'auto_scale_lr = dict(base_batch_size=8, enable=False)\n'
    )
    assert merged(based).auto_scale_lr.enable is False
    assert merged(based, '--auto-scale-lr').auto_scale_lr.enable is True


def test_seed_wins_over_the_config(tmp_path: Path) -> None:
    file = write_config(tmp_path / 'a.py', 'randomness = dict(seed=1)\n')
    assert merged(file).randomness.seed == 1
    cfg = merged(file, '--seed', '0', '--diff-rank-seed', '--deterministic')
    expected = {'seed': 0, 'diff_rank_seed': True, 'deterministic': True}
    assert cfg.randomness.to_dict() == expected


def test_amp_is_for_this_machine(tmp_path: Path) -> None:
    cfg = merged(write_config(tmp_path / 'a.py'), '--amp')
    stock = torch.cuda.is_available()
    kind = 'AmpOptimWrapper' if stock else 'CpuAmpOptimWrapper'
    assert cfg.optim_wrapper.type == kind


def test_dataloaders(tmp_path: Path) -> None:
    changes = (
        'val_dataloader = dict(val_dataloader, num_workers=1)\n'
        'train_dataloader = dict(train_dataloader, pin_memory=True, num_workers=2,\n'
        '                        persistent_workers=True)\n'
    )
    file = write_config(tmp_path / 'a.py', changes)
    cfg = merged(file)
    assert cfg.train_dataloader.pin_memory is True
    assert cfg.val_dataloader.persistent_workers is True
    assert cfg.val_dataloader.collate_fn.type == 'default_collate'
    assert 'persistent_workers' not in cfg.test_dataloader  # it has no worker
    cfg = merged(file, '--no-pin-memory', '--no-persistent-workers')
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        assert loader.pin_memory is loader.persistent_workers is False


def test_launcher_and_rank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('LOCAL_RANK', '')
    monkeypatch.delenv('LOCAL_RANK')
    file = write_config(tmp_path / 'a.py')
    cfg = merged(file, '--launcher', 'pytorch', '--local-rank', '3')
    assert (cfg.launcher, os.environ['LOCAL_RANK']) == ('pytorch', '3')


@pytest.mark.slow
def test_trains_from_the_command_line_alone(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = files / 'work'
    run_tool(
        monkeypatch, 'train', files / 'photos.py', '--work-dir', work, '--amp',
        '--seed', 3, '--cfg-options', f'data_root={files / "photos"}',
        f'trunk={files / "tiny.pth"}', 'model.backbone.adapter.bottleneck=2',
    )  # fmt: skip
    dumped = load_config(work / 'photos.py')
    assert dumped.model.head.num_classes == 2
    assert dumped.randomness.seed == 3
    state = torch.load(work / 'epoch_2.pth', weights_only=True)
    trained = state['state_dict']
    assert trained['backbone.layers.0.adapter.down.weight'].shape == (2, 48)
    assert list(state['meta']['dataset_meta']['classes']) == ['blue', 'red']
    assert not any('qkv' in name for name in trained)
    # Resumed, it has nothing left to do but one more epoch.
    run_tool(
        monkeypatch, 'train', work / 'photos.py', '--work-dir', work, '--resume',
        '--cfg-options', 'train_cfg.max_epochs=3',
    )  # fmt: skip
    again = torch.load(work / 'epoch_3.pth', weights_only=True)
    assert again['meta']['epoch'] == 3
    assert again['meta']['iter'] == 9


@pytest.mark.slow
@pytest.mark.parametrize(
    ('options', 'text'),
    [
        (['data_root={root}/nowhere', 'trunk={root}/tiny.pth'], 'does not exist'),
        (['data_root={root}/photos', 'trunk={root}/no.pth'], 'no such file'),
        (['data_root={root}/photos', 'trunc={root}/tiny.pth'], "mean 'trunk'"),
    ],
)
def test_bad_input_ends_with_one_error(
    files: Path, options: list[str], text: str
) -> None:
    filled = [option.format(root=files) for option in options]
    command = [sys.executable, ROOT / 'tools' / 'train.py', files / 'photos.py']
    work = ['--work-dir', files / 'work']
    ended = subprocess.run(
        [*command, *work, '--cfg-options', *filled], capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert text in ended.stderr
    assert 'Traceback' not in ended.stderr
    assert not (files / 'work').exists()


def test_a_learning_rate_that_blows_up_names_the_photos(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_config(
        files / 'hot.py', "default_hooks.update(finite=dict(type='FiniteHook'))\n"
    )
    options = [
        f'data_root={files / "photos"}',
        f'trunk={files / "tiny.pth"}',
        'optim_wrapper.optimizer.lr=1e38',
    ]
    work_dir = files / 'hot'
    argv = (config, '--work-dir', work_dir, '--cfg-options', *options)
    with pytest.raises(NonFiniteError, match=r'iteration \d+, with the files: .*\.png'):
        run_tool(monkeypatch, 'train', *argv)
    assert not list(work_dir.glob('*.pth'))
