"""Several processes on CPUs: the same gradients, buffers and scores as one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS, MODELS, DefaultScope
from torch import Tensor, nn

from mmadapt import resolve_config
from mmadapt.config import load_config, merge_options
from mmadapt.weights.task_file import task_state
from tests.helpers import randomise
from tests.tasks import write_config, write_images, write_trunk
from tests.test_tools.cli import ROOT, run_tool

CHANGES = """
custom_imports = dict(imports=['mmadapt', 'spies'], allow_failed_imports=False)
train_dataloader['sampler'] = dict(type='DefaultSampler', shuffle=False)
train_cfg = dict(by_epoch=True, max_epochs=1, val_interval=1)
optim_wrapper['optimizer'] = dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=0.0)
custom_hooks = [dict(type='SyncTrainedBuffersHook'), dict(type='KeepEachRank')]
randomness = dict(seed=0, diff_rank_seed=True)
"""
"""One step in the order of the data; momentum keeps its gradient in the file."""

SPIES = """
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

@HOOKS.register_module()
class KeepEachRank(Hook):
    def after_train(self, runner):
        state = runner.model.module.state_dict()
        torch.save(state, f'{runner.work_dir}/rank{runner.rank}.pth')

@HOOKS.register_module()
class NeckInEval(Hook):
    def before_train_iter(self, runner, batch_idx, data_batch=None):
        runner.model.module.neck.eval()
"""


@pytest.fixture
def cfg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """The config of a run on eight photos, resolved; its start is on disk too."""
    write_images(tmp_path / 'photos', per_class=4)
    (tmp_path / 'spies.py').write_text(SPIES)
    monkeypatch.syspath_prepend(tmp_path)
    written = load_config(write_config(tmp_path / 'photos.py', CHANGES))
    options = {
        'data_root': str(tmp_path / 'photos'),
        'trunk': str(write_trunk(tmp_path / 'tiny.pth')),
    }
    resolved = resolve_config(merge_options(written, options))
    model = build(resolved)
    for name, module in model.named_modules():
        if name.endswith('.adapter') or name == 'head':
            randomise(module, std=0.2)  # from zero, half of the gradients are zero
    start = {'state_dict': task_state(model, model.state_dict())}
    resolved.load_from = str(tmp_path / 'start.pth')
    torch.save(start, resolved.load_from)
    resolved.dump(tmp_path / 'resolved.py')
    return resolved


def build(cfg: Config) -> nn.Module:
    """The model, from its start where that is written."""
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        preprocessor = {'type': 'ClsDataPreprocessor', **cfg.data_preprocessor}
        model = MODELS.build({**cfg.model, 'data_preprocessor': preprocessor})
    if cfg.get('load_from') and Path(cfg.load_from).is_file():
        model.load_state_dict(torch.load(cfg.load_from)['state_dict'], strict=False)
    return model


def launch(script: str, *argv: object, processes: int, root: Path) -> str:
    """Run a launch script and return what it printed."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    environment = {**os.environ, 'PORT': str(port), 'PYTHONPATH': str(root)}
    environment.update(CUDA_VISIBLE_DEVICES='', OMP_NUM_THREADS='1')
    config, *rest = argv
    position = [config, processes] if script == 'dist_train.sh' else [config, rest[0]]
    if script == 'dist_test.sh':
        position, rest = [*position, processes], rest[1:]
    command = [ROOT / 'tools' / script, *position, *rest]
    ended = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        env=environment,
        cwd=root,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended.stdout + ended.stderr


def gradients_of_run(work: Path, model: nn.Module) -> dict[str, Tensor]:
    """The first gradients, which the momentum starts from."""
    state = torch.load(work / 'epoch_1.pth', weights_only=True)['optimizer']
    names = [name for name, p in model.named_parameters() if p.requires_grad]
    return {name: state['state'][i]['momentum_buffer'] for i, name in enumerate(names)}


def gradients_by_hand(
    cfg: Config, batches: list[list[int]], neck_trains: bool
) -> dict[str, Tensor]:
    """The mean over batches of the gradient of each one's own loss."""
    model = build(cfg).train()
    model.neck.train(neck_trains)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        data = DATASETS.build(cfg.train_dataloader.dataset)
    for batch in batches:
        samples = [data[index] for index in batch]
        prepared = model.data_preprocessor(
            {
                'inputs': [sample['inputs'] for sample in samples],
                'data_samples': [sample['data_samples'] for sample in samples],
            },
            training=True,
        )
        loss = model(**prepared, mode='loss')['loss']
        (loss / len(batches)).backward()
    return {
        name: parameter.grad
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and parameter.grad is not None
    }


def assert_equal(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    """Each gradient within 1e-6 of its own size."""
    assert found.keys() == expected.keys()
    assert any('adapter.down' in name for name in found)
    for name, gradient in expected.items():
        size = gradient.norm()
        assert size > 0, name
        assert (found[name] - gradient).norm() / size < 1e-6, name


@pytest.mark.slow
def test_two_processes_normalise_each_half_by_itself(
    cfg: Config, tmp_path: Path
) -> None:
    work = tmp_path / 'work'
    launch(
        'dist_train.sh', tmp_path / 'resolved.py', '--work-dir', work,
        processes=2, root=tmp_path,
    )  # fmt: skip
    found = gradients_of_run(work, build(cfg))
    # DefaultSampler deals the samples out in turn.
    halves = [[0, 2, 4, 6], [1, 3, 5, 7]]
    assert_equal(found, gradients_by_hand(cfg, halves, neck_trains=True))
    whole = gradients_by_hand(cfg, [list(range(8))], neck_trains=True)
    differ = [(found[n] - whole[n]).norm() / whole[n].norm() for n in whole]
    assert max(differ) > 1e-3  # the statistics are those of a half

    ranks = [torch.load(work / f'rank{rank}.pth') for rank in range(2)]
    for name, tensor in ranks[0].items():
        assert torch.equal(tensor, ranks[1][name]), name


@pytest.mark.slow
def test_two_processes_are_one_with_the_whole_batch_where_nothing_is_normalised(
    cfg: Config, tmp_path: Path
) -> None:
    cfg.custom_hooks.append({'type': 'NeckInEval'})
    cfg.dump(tmp_path / 'resolved.py')
    work = tmp_path / 'work'
    launch(
        'dist_train.sh', tmp_path / 'resolved.py', '--work-dir', work,
        processes=2, root=tmp_path,
    )  # fmt: skip
    found = gradients_of_run(work, build(cfg))
    whole = gradients_by_hand(cfg, [list(range(8))], neck_trains=False)
    assert_equal(found, whole)


@pytest.mark.slow
def test_task_file_of_three_processes_is_whole_and_scores_alike(
    cfg: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, work = tmp_path / 'resolved.py', tmp_path / 'work'
    options = ['--cfg-options', 'train_dataloader.batch_size=2']
    launch(
        'dist_train.sh', config, '--work-dir', work, '--amp', *options,
        processes=3, root=tmp_path,
    )  # fmt: skip
    argv = [config, work / 'epoch_1.pth', '--work-dir', work, '--out-item', 'metrics']
    launch(
        'dist_test.sh', *argv, '--out', tmp_path / '3.json',
        processes=3, root=tmp_path,
    )  # fmt: skip
    run_tool(monkeypatch, 'test', *argv, '--out', tmp_path / '1.json')
    three, one = (
        json.loads((tmp_path / file).read_text()) for file in ('3.json', '1.json')
    )
    assert three == one
