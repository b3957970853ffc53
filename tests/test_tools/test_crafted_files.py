"""No tool runs what is in a file, wherever it is; the error names file and flag."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from mmadapt.errors import AdaptError, TaskFileError, UntrustedFileError
from tests.tasks import write_config, write_images, write_trunk
from tests.test_tools.cli import load_tool, run_tool

pytestmark = pytest.mark.slow

PLACES = {
    'weights': ('state_dict', 'head.fc.weight'),
    'stamp': ('state_dict', 'backbone.task_stamp.stamp'),
    'logs': ('message_hub', 'log_scalars'),
    'optimizer': ('optimizer', 'state'),
    'schedule': ('param_schedulers',),
    'classes': ('meta', 'dataset_meta'),
}


class Command:
    """Runs a shell command when it is unpickled, as an attacker would."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return os.system, (f'touch "{self.marker}"',)


@pytest.fixture(scope='module')
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos, a trunk, a config and ``work``, two epochs of training."""
    folder = tmp_path_factory.mktemp('run')
    write_images(folder / 'photos')
    write_trunk(folder / 'tiny.pth')
    write_config(folder / 'c.py')
    with pytest.MonkeyPatch.context() as patch:
        run_tool(patch, 'train', folder / 'c.py', *options(folder))
    return folder


@pytest.fixture
def marker(tmp_path: Path) -> Iterator[Path]:
    """A file that is there when code was run; it never is."""
    yield tmp_path / 'executed'
    assert not (tmp_path / 'executed').exists()


def options(run: Path, *more: str) -> list[str]:
    given = [f'data_root={run / "photos"}', f'trunk={run / "tiny.pth"}', *more]
    return ['--work-dir', str(run / 'work'), '--cfg-options', *given]


def craft(run: Path, file: Path, place: tuple[str, ...], marker: Path) -> Path:
    content = torch.load(run / 'work' / 'epoch_2.pth', weights_only=True)
    node = content
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = Command(marker)
    file.parent.mkdir(exist_ok=True)
    torch.save(content, file)
    return file


@pytest.mark.parametrize('place', sorted(PLACES))
def test_training_testing_predicting_and_merging(
    run: Path, place: str, marker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = craft(run, tmp_path / 'evil' / 'epoch_3.pth', PLACES[place], marker)
    c, photo = run / 'c.py', run / 'photos' / 'val' / 'red' / '0.png'
    trunk = ['--cfg-options', f'trunk={run / "tiny.pth"}']
    match = rf'epoch_3\.pth.*posix\.system.*--trust-checkpoint \S*{file.name}'
    for tool, *argv in (
        ('train', c, '--resume', file, *options(run)),
        ('train', c, *options(run, f'load_from={file}')),
        ('test', c, file, *options(run)),
        ('predict', c, file, photo, *trunk),
    ):
        with pytest.raises(UntrustedFileError, match=match):
            run_tool(monkeypatch, str(tool), *argv)
    again = [*options(run), '--work-dir', file.parent]
    with pytest.raises(TaskFileError, match=match):
        run_tool(monkeypatch, 'train', c, *again, '--resume')
    for tool, *argv in (
        ('merge_task', c, file, tmp_path / 'out.pth', *trunk),
        ('convert_task', file, tmp_path / 'out.safetensors'),
        ('convert_weights', file, tmp_path / 'out.pth', '--to', 'mmaction'),
        ('import_task', c, file, tmp_path / 'out.pth', *trunk),
    ):
        with pytest.raises(UntrustedFileError, match=match):
            load_tool(f'converters/{tool}').main([str(part) for part in argv])
    assert not list(tmp_path.glob('out*'))


def test_trunks(
    run: Path, marker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / 'trunk.pth'
    content = torch.load(run / 'tiny.pth', weights_only=True)
    torch.save({**content, 'args': Command(marker)}, file)
    task = run / 'work' / 'epoch_2.pth'
    for tool, *argv in (('train', run / 'c.py'), ('test', run / 'c.py', task)):
        argv += options(run, f'trunk={file}')
        with pytest.raises(UntrustedFileError, match=r'trunk\.pth.*--trust-checkpoint'):
            run_tool(monkeypatch, str(tool), *argv)


@pytest.mark.parametrize('name', ['last_checkpoint', 'epoch_3.pkl'])
def test_the_note_of_a_run(
    run: Path,
    name: str,
    marker: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is itself the pickle, or names one."""
    file = craft(run, tmp_path / 'evil' / name, ('optimizer', 'state'), marker)
    if name != 'last_checkpoint':
        (file.parent / 'last_checkpoint').write_text(name)
    argv = [*options(run), '--work-dir', file.parent, '--resume']
    with pytest.raises(AdaptError, match=name):
        run_tool(monkeypatch, 'train', run / 'c.py', *argv)


def test_python_in_meta_is_not_run(
    run: Path, marker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MMEngine executes ``meta['config']`` of a file that it resumes from."""
    content = torch.load(run / 'work' / 'epoch_1.pth', weights_only=True)
    content['meta']['config'] = f'open({str(marker)!r}, "w").close()'
    torch.save(content, tmp_path / 'epoch_1.pth')
    argv = [*options(run), '--work-dir', tmp_path / 'work', '--resume']
    run_tool(monkeypatch, 'train', run / 'c.py', *argv, tmp_path / 'epoch_1.pth')
    assert (tmp_path / 'work' / 'epoch_2.pth').is_file()
