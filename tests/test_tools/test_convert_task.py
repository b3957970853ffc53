"""convert_task.py both ways, and the tools on what it writes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mmadapt.apis import load_task
from mmadapt.config import load_config, merge_options
from mmadapt.errors import ConfigError, TaskFileError, WeightsError
from tests.tasks import write_config, write_images, write_trunk
from tests.test_tools.cli import load_tool, run_tool

pytestmark = pytest.mark.slow


def convert(*argv: object) -> None:
    load_tool('converters/convert_task').main([str(arg) for arg in argv])


@pytest.fixture(scope='module')
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos, a trunk, a config and ``work``, two epochs of training."""
    folder = tmp_path_factory.mktemp('run')
    write_images(folder / 'photos')
    write_trunk(folder / 'tiny.pth')
    write_config(folder / 'c.py', 'randomness = dict(seed=1)\n')
    with pytest.MonkeyPatch.context() as patch:
        run_tool(patch, 'train', *arguments(folder))
    convert(folder / 'work' / 'epoch_1.pth', folder / 'one.safetensors')
    return folder


def arguments(folder: Path, work: str = 'work') -> list[object]:
    options = [f'data_root={folder / "photos"}', f'trunk={folder / "tiny.pth"}']
    return [
        *(folder / 'c.py', '--work-dir', folder / work, '--cfg-options'),
        *options,
        'optim_wrapper.optimizer.momentum=0.9',
    ]


def test_there_and_back_it_is_the_same_file(run: Path, tmp_path: Path) -> None:
    convert(run / 'one.safetensors', tmp_path / 'back.pth')
    ours, theirs = (
        torch.load(file, weights_only=True)
        for file in (run / 'work' / 'epoch_1.pth', tmp_path / 'back.pth')
    )
    for content in (ours, theirs):
        for tensors in [
            content['state_dict'],
            *content['optimizer']['state'].values(),
        ]:
            for name, value in tensors.items():
                if isinstance(value, torch.Tensor):
                    bits = value.reshape(-1).view(torch.uint8).tolist()
                    tensors[name] = (value.dtype, tuple(value.shape), bits)
    assert repr(dict(ours['state_dict'])) == repr(theirs['state_dict'])
    assert repr(ours['optimizer']) == repr(theirs['optimizer'])
    assert ours['optimizer']['state']
    assert ours['meta'] == theirs['meta']
    assert repr(ours['message_hub']) == repr(theirs['message_hub'])


def test_a_run_resumes_from_it(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (run / 'again').mkdir()
    (run / 'one.safetensors').rename(run / 'again' / 'epoch_1.safetensors')
    try:
        run_tool(monkeypatch, 'train', *arguments(run, 'again'), '--resume')
    finally:
        (run / 'again' / 'epoch_1.safetensors').rename(run / 'one.safetensors')
    ours, theirs = (
        torch.load(run / work / 'epoch_2.pth', weights_only=True)['state_dict']
        for work in ('work', 'again')
    )
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_every_tool_takes_it(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = arguments(run)[3:]
    config, task = run / 'c.py', run / 'one.safetensors'
    argv = [config, task, '--work-dir', run / 'tested', *options]
    run_tool(monkeypatch, 'test', *argv)
    photo = run / 'photos' / 'val' / 'red' / '0.png'
    trunk = ['--cfg-options', f'trunk={run / "tiny.pth"}']
    run_tool(monkeypatch, 'predict', config, task, photo, *trunk)
    assert 'red' in capsys.readouterr().out
    merge = load_tool('converters/merge_task')
    merge.main([str(part) for part in (config, task, run / 'merged.pth', *trunk)])
    merged = torch.load(run / 'merged.pth', weights_only=True)
    assert list(merged['meta']['dataset_meta']['classes']) == ['blue', 'red']


def test_it_is_checked_like_a_pth_file(run: Path, tmp_path: Path) -> None:
    def load(file: Path, **changes: object) -> None:
        options = {'trunk': str(run / 'tiny.pth'), **changes}
        load_task(merge_options(load_config(run / 'c.py'), options), file, 'cpu')

    task = run / 'one.safetensors'
    load(task)
    with pytest.raises(TaskFileError, match='adapter bottleneck'):
        load(task, **{'model.backbone.adapter.bottleneck': 2})
    with pytest.raises(TaskFileError, match='trunk'):
        load(task, trunk=str(write_trunk(tmp_path / 'other.pth', seed=1)))
    content = torch.load(run / 'work' / 'epoch_1.pth', weights_only=True)
    content['state_dict']['head.fc.bias'] = torch.tensor([1, 2])
    for name in ('kind.pth', 'kind.safetensors'):
        torch.save(content, tmp_path / 'kind.pth')
        if name.endswith('safetensors'):
            convert(tmp_path / 'kind.pth', tmp_path / name)
        with pytest.raises(TaskFileError, match=r'bias: .*int64, the model .*float32'):
            load(tmp_path / name)
    (tmp_path / 'cut.safetensors').write_bytes(task.read_bytes()[:-1])
    with pytest.raises(WeightsError, match=r'cut\.safetensors'):
        load(tmp_path / 'cut.safetensors')


def test_what_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(TaskFileError, match=r'tiny\.pth.*no task file'):
        convert(run / 'tiny.pth', tmp_path / 'x.safetensors')
    with pytest.raises(ConfigError, match='ends with .safetensors or .pth'):
        convert(run / 'one.safetensors', tmp_path / 'x.bin')
    with pytest.raises(ConfigError, match='is SOURCE'):
        convert(run / 'one.safetensors', run / 'one.safetensors')
    content = torch.load(run / 'work' / 'epoch_1.pth', weights_only=True)
    content['state_dict']['backbone.task_stamp.stamp'][0] = 255
    torch.save(content, tmp_path / 'broken.pth')
    with pytest.raises(TaskFileError, match='broken'):
        convert(tmp_path / 'broken.pth', tmp_path / 'x.safetensors')
    assert not (tmp_path / 'x.safetensors').exists()
