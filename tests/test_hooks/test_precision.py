"""Runs on a trunk in bfloat16: the same task, wherever it is trained and used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from torch import Tensor

from mmadapt import launch
from mmadapt.apis import load_task
from mmadapt.errors import ConfigError
from mmadapt.precision import stored
from tests.processes import in_processes
from tests.test_tools.cli import run_tool
from tests.test_tools.test_converters import load_tool

from .test_adapter_checkpoint import config

pytestmark = pytest.mark.slow

RECIPE = """
model['backbone'].update(frozen_dtype={dtype!r})
randomness = dict(seed=4)
optim_wrapper['type'] = {wrapper!r}
train_cfg.update(val_interval=2)
"""
EMA = "custom_hooks += [dict(type='EMAHook', momentum=0.3)]\n"


def recipe(dtype: str | None, wrapper: str = 'CpuAmpOptimWrapper') -> str:
    return RECIPE.format(dtype=dtype, wrapper=wrapper)


def load(path: Path) -> dict[str, Any]:
    return torch.load(path, weights_only=True)


def run(folder: Path, changes: str, **values: Any) -> tuple[Runner, dict[str, Any]]:
    name = f'{folder.name}-{len(list(folder.glob("*")))}-{len(values)}'
    runner = Runner.from_cfg(config(folder, changes, experiment_name=name, **values))
    runner.train()
    return runner, load(folder / 'work' / f'epoch_{runner.epoch}.pth')


def equal(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> bool:
    return ours.keys() == theirs.keys() and all(
        ours[name].dtype == theirs[name].dtype and torch.equal(ours[name], theirs[name])
        for name in ours
    )


@pytest.mark.parametrize('average', ['', EMA])
def test_the_task_file_is_that_of_plain_autocast(tmp_path: Path, average: str) -> None:
    _, plain = run(tmp_path / 'plain', recipe(None) + average)
    runner, halved = run(tmp_path / 'halved', recipe('bfloat16') + average)
    assert stored(runner.model)
    for part in {'state_dict', 'ema_state_dict'} & plain.keys():
        assert equal(halved[part], plain[part]), part
    assert 'ema_state_dict' in plain or not average
    log = next((tmp_path / 'halved' / 'work').glob('*/*.log')).read_text()
    assert 'frozen tensors in bfloat16' in log
    assert 'frozen trunk unchanged' in log

    values = {'train_cfg': {'max_epochs': 3}, 'resume': True}
    _, resumed = run(tmp_path / 'halved', recipe('bfloat16') + average, **values)
    _, other = run(tmp_path / 'plain', recipe(None) + average, **values)
    assert equal(resumed['state_dict'], other['state_dict'])


@pytest.mark.parametrize('wrapper', ['OptimWrapper'])
def test_training_in_another_precision_is_refused(tmp_path: Path, wrapper: str) -> None:
    runner = Runner.from_cfg(config(tmp_path, recipe('bfloat16', wrapper)))
    with pytest.raises(ConfigError, match='opens no bfloat16 autocast'):
        runner.train()
    assert not list((tmp_path / 'work').glob('*.pth'))


def test_a_task_file_goes_from_one_to_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tests, predicts and merges, with and without autocast."""
    run(tmp_path, recipe('bfloat16'))
    task = tmp_path / 'work' / 'epoch_2.pth'
    file, trunk = tmp_path / 'config.py', tmp_path / 'trunk.pth'
    data = f'data_root={tmp_path / "data"}'
    scores = {}
    for dtype in (None, 'bfloat16'):
        option = [data, f'trunk={trunk}', f'model.backbone.frozen_dtype={dtype}']
        for amp in ([], ['--amp']):
            out = tmp_path / f'{dtype}{len(amp)}.json'
            argv = [file, task, *amp, '--out', out, '--out-item', 'metrics']
            work = ['--work-dir', tmp_path / out.stem, '--cfg-options', *option]
            run_tool(monkeypatch, 'test', *argv, *work)
            scores[dtype, len(amp)] = out.read_text()
    assert scores[None, 1] == scores['bfloat16', 1]

    photo = next((tmp_path / 'data' / 'val' / 'red').iterdir())
    option = ['--cfg-options', f'trunk={trunk}']
    run_tool(monkeypatch, 'predict', file, task, photo, '--device', 'cpu', *option)
    assert 'blue' in capsys.readouterr().out

    out = tmp_path / 'merged.pth'
    load_tool('merge_task').main([str(file), str(task), str(out), *option])
    merged = load(out)['state_dict']
    for name, tensor in load(trunk)['state_dict'].items():
        assert torch.equal(merged[name], tensor), name
    whole = Config.fromfile(out.with_suffix('.py'))
    assert not stored(load_task(whole, out, 'cpu').model)


def test_two_processes_hold_it(tmp_path: Path) -> None:
    """Wrapped by DDP, which sends bfloat16 and float32 to the others."""
    cfg = config(tmp_path, recipe('bfloat16'), launcher='pytorch')
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None

    def train(rank: int) -> tuple[int, str]:
        runner = launch.build_runner(cfg)
        runner.train()
        return len(stored(runner.model)), type(runner.model).__name__

    found = in_processes(2, train, tmp_path)
    assert found == [(len(stored_names(cfg)), 'MMDistributedDataParallel')] * 2


def stored_names(cfg: Config) -> list[Tensor]:
    from mmengine.registry import MODELS, DefaultScope

    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        return stored(MODELS.build(cfg.model))


def test_amp_on_a_gpu_is_in_bfloat16(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, 'get_device', lambda: 'cuda')
    for dtype, kind in (
        (None, 'AmpOptimWrapper'),
        ('bfloat16', 'BFloat16OptimWrapper'),
    ):
        cfg = config(tmp_path, recipe(dtype, 'OptimWrapper'))
        launch.use_amp(cfg)
        assert cfg.optim_wrapper.type == kind
        assert ('loss_scale' in cfg.optim_wrapper) is (dtype is None)
