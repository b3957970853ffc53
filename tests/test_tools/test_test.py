"""tools/test.py: every argument is obeyed."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmadapt.arguments import read_shared
from mmadapt.errors import AdaptError, ConfigError, TaskFileError
from tests.tasks import write_config, write_images, write_trunk
from tests.test_tools.cli import load_tool, run_tool


def merged(file: Path, *argv: str) -> Config:
    tool = load_tool('test')
    args = tool.parse_args([str(file), *argv])
    return tool.merge_args(read_shared(args), args)


def test_arguments_change_the_config(tmp_path: Path) -> None:
    file = write_config(tmp_path / 'photos.py')
    task = str(write_trunk(tmp_path / 'task.pth'))
    cfg = merged(file, task, '--amp', '--show-dir', 'shown', '--interval', '2', '--tta')
    assert cfg.load_from == task
    assert cfg.test_cfg.fp16 is True
    assert cfg.default_hooks.visualization.out_dir == 'shown'
    assert cfg.default_hooks.visualization.interval == 2
    assert cfg.model.type == 'mmpretrain.AverageClsScoreTTA'
    assert cfg.work_dir == 'work_dirs/photos'


def test_files_for_the_results(tmp_path: Path) -> None:
    file = write_config(tmp_path / 'photos.py')
    task = str(write_trunk(tmp_path / 'task.pth'))
    both = merged(file, task, '--out', 'a.pkl', '--dump', 'b.pkl')
    written = {m.get('out_file_path') for m in both.test_evaluator} - {None}
    assert written == {'a.pkl', 'b.pkl'}
    metrics = merged(file, task, '--out', 'a.json', '--out-item', 'metrics')
    assert metrics.test_evaluator.type == 'Accuracy'


@pytest.mark.parametrize(
    ('argv', 'text'),
    [
        (['no.pth'], 'no such file'),
        (['{task}', '--out-item', 'pred'], 'needs --out'),
        (['{task}', '--out', 'a.json'], 'name it .pkl'),
    ],
)
def test_refused(tmp_path: Path, argv: list[str], text: str) -> None:
    file = write_config(tmp_path / 'photos.py')
    task = write_trunk(tmp_path / 'task.pth')
    with pytest.raises(ConfigError, match=text):
        merged(file, *(one.format(task=task) for one in argv))


@pytest.mark.slow
def test_task_file_is_scored_and_others_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_images(tmp_path / 'photos')
    config = write_config(tmp_path / 'photos.py')
    work, task = tmp_path / 'work', tmp_path / 'work' / 'epoch_2.pth'
    options = [
        f'data_root={tmp_path / "photos"}',
        f'trunk={write_trunk(tmp_path / "tiny.pth")}',
    ]
    run_tool(
        monkeypatch, 'train', config, '--work-dir', work, '--cfg-options', *options
    )  # fmt: skip
    last = next(iter(sorted(work.glob('*/vis_data/scalars.json'))))
    validated = json.loads(last.read_text().splitlines()[-1])['accuracy/top1']

    def score(*argv: object) -> float:
        run_tool(
            monkeypatch, 'test', config, *argv, '--work-dir', tmp_path / 'tested',
            '--out', tmp_path / 'm.json', '--out-item', 'metrics', '--dump',
            tmp_path / 'p.pkl', '--cfg-options', *options,
        )  # fmt: skip
        return json.loads((tmp_path / 'm.json').read_text())['accuracy/top1']

    assert score(task) == validated
    predictions = pickle.loads((tmp_path / 'p.pkl').read_bytes())
    assert len(predictions) == 12
    right = sum(int(p['pred_label'] == p['gt_label']) for p in predictions)
    assert 100 * right / 12 == pytest.approx(validated)
    assert score(task, '--tta', '--amp', '--show-dir', tmp_path / 'shown') >= 0
    assert len(list((tmp_path / 'shown').iterdir())) == 6  # by name, in two folders

    # Another trunk, another adapter, other classes, half a file.
    def refused(kind: type[Exception], text: str) -> None:
        with pytest.raises(kind, match=text):
            score(task)

    right_options = list(options)
    options[1] = f'trunk={write_trunk(tmp_path / "other.pth", seed=1)}'
    refused(TaskFileError, 'fingerprint|trunk')
    options[:] = [*right_options, 'model.backbone.adapter.bottleneck=8']
    refused(TaskFileError, 'bottleneck')
    options[:] = [*right_options]
    write_images(tmp_path / 'three', ('blue', 'green', 'red'))
    options[0] = f'data_root={tmp_path / "three"}'
    refused(TaskFileError, 'classes|head')
    options[:] = right_options
    whole = task.read_bytes()
    task.write_bytes(whole[: len(whole) // 2])
    refused(AdaptError, "can't be read")


@pytest.mark.slow
def test_pickle_needs_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_images(tmp_path / 'photos')
    changes = (
        "default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=2))\n"
    )
    config = write_config(tmp_path / 'photos.py', changes)
    options = [
        '--cfg-options',
        f'data_root={tmp_path / "photos"}',
        f'trunk={write_trunk(tmp_path / "tiny.pth")}',
    ]
    work, stock = tmp_path / 'work', tmp_path / 'work' / 'epoch_2.pth'
    with pytest.warns(UserWarning, match='FrozenTrunkHook'):
        run_tool(monkeypatch, 'train', config, '--work-dir', work, *options)
    with pytest.raises(AdaptError, match='--trust-checkpoint'):
        run_tool(monkeypatch, 'test', config, stock, '--work-dir', work, *options)
    run_tool(
        monkeypatch, 'test', config, stock, '--work-dir', work,
        '--trust-checkpoint', stock, '--out', tmp_path / 'm.json',
        '--out-item', 'metrics', *options,
    )  # fmt: skip
    assert 'accuracy/top1' in json.loads((tmp_path / 'm.json').read_text())
    with pytest.raises(Exception, match='Weights only load failed'):
        torch.load(stock, weights_only=True)
