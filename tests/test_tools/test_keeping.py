"""What a later command must leave as it is: configs, and files of other runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from mmadapt.errors import AdaptError, ConfigError, TaskFileError
from tests.tasks import write_config, write_images, write_trunk
from tests.test_tools.cli import load_tool, run_tool

pytestmark = pytest.mark.slow


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with photos, a trunk, a config, and ``work``, two epochs of training."""
    write_images(tmp_path / 'photos')
    write_trunk(tmp_path / 'tiny.pth')
    best = "default_hooks['checkpoint']['save_best'] = 'auto'\n"
    write_config(tmp_path / 'c.py', best)
    train(tmp_path, monkeypatch)
    return tmp_path


def train(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *argv: object, work: str = 'work'
) -> None:
    options = [f'data_root={folder / "photos"}', f'trunk={folder / "tiny.pth"}']
    given = [str(arg) for arg in argv if '=' in str(arg)]
    flags = [arg for arg in argv if '=' not in str(arg)]
    run_tool(
        monkeypatch,
        'train',
        *(folder / 'c.py', '--work-dir', folder / work, *flags),
        *('--cfg-options', *options, *given),
    )


def test_testing_leaves_the_config_of_the_run_alone(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, task = run / 'work' / 'c.py', run / 'work' / 'epoch_2.pth'
    before = config.read_bytes()
    run_tool(monkeypatch, 'test', config, task)
    assert config.read_bytes() == before
    wide = ['--tta', '--dump', run / 'd.pkl', '--show-dir', run / 'shown']
    run_tool(monkeypatch, 'test', config, task, *wide)
    assert config.read_bytes() == before


def test_a_training_that_fails_leaves_the_config_of_the_run_alone(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (run / 'work' / 'c.py').read_bytes()
    write_images(run / 'few', per_class=1)
    with pytest.raises(AdaptError):
        train(run, monkeypatch, f'data_root={run / "few"}')
    write_trunk(run / 'other.pth', seed=1)
    resumed = ['--resume', run / 'work' / 'epoch_1.pth']
    with pytest.raises(TaskFileError):
        train(run, monkeypatch, *resumed, f'trunk={run / "other.pth"}')
    assert (run / 'work' / 'c.py').read_bytes() == before


def test_resuming_elsewhere_deletes_nothing_of_the_first_run(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sorted((run / 'work').glob('*.pth'))
    assert any(file.name.startswith('best_') for file in files)
    content = torch.load(run / 'work' / 'epoch_1.pth', weights_only=True)
    content['message_hub']['runtime_info']['best_score'] = -1.0  # the next is better
    torch.save(content, run / 'from.pth')
    train(run, monkeypatch, '--resume', run / 'from.pth', work='again')
    assert sorted((run / 'work').glob('*.pth')) == files
    assert len(list((run / 'again').glob('best_*.pth'))) == 1


def test_a_moved_run_goes_on_with_its_own_best_file(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(run / 'work', run / 'copy')
    content = torch.load(run / 'copy' / 'epoch_2.pth', weights_only=True)
    content['message_hub']['runtime_info']['best_score'] = -1.0
    torch.save(content, run / 'copy' / 'epoch_2.pth')
    (run / 'copy' / 'last_checkpoint').write_text('/gone/epoch_2.pth')
    kept = sorted(file.name for file in (run / 'work').glob('best_*'))
    train(run, monkeypatch, '--resume', 'train_cfg.max_epochs=3', work='copy')
    assert sorted(file.name for file in (run / 'work').glob('best_*')) == kept
    best = [file.name for file in (run / 'copy').glob('best_*.pth')]
    assert best == ['best_accuracy_top1_epoch_3.pth']


def test_weights_alone_are_nothing_to_resume_from(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = next((run / 'work').glob('best_*.pth'))
    with pytest.raises(TaskFileError, match=r'epoch_N\.pth.*load_from=FILE'):
        train(run, monkeypatch, '--resume', best, work='again')


def test_a_batch_of_one_is_refused(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AdaptError, match='2 or more'):
        train(run, monkeypatch, 'train_dataloader.batch_size=1', work='again')
    rest = ['train_dataloader.batch_size=11', 'train_dataloader.drop_last=False']
    with pytest.raises(AdaptError, match='12 samples.*batches of 11'):
        train(run, monkeypatch, *rest, work='again')


def test_one_class_is_refused(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_images(run / 'one', classes=['red'])
    with pytest.raises(AdaptError, match="one class, 'red'"):
        train(run, monkeypatch, f'data_root={run / "one"}', work='again')


def test_a_hook_that_is_switched_off_is_missed(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.warns(UserWarning, match='without FrozenTrunkHook'):
        train(run, monkeypatch, 'default_hooks.frozen_trunk=None', work='again')


def test_metrics_are_written_as_what_mmengine_knows(tmp_path: Path) -> None:
    tool = load_tool('test')
    file = write_config(tmp_path / 'c.py')
    task = write_trunk(tmp_path / 'task.pth')
    argv = [str(file), str(task), '--out', 'm.txt', '--out-item', 'metrics']
    from mmadapt.arguments import read_shared

    args = tool.parse_args(argv)
    with pytest.raises(ConfigError, match=r'\.json'):
        tool.merge_args(read_shared(args), args)
