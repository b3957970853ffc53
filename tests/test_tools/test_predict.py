"""tools/predict.py: what it prints, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mmadapt.apis import load_task, predict
from mmadapt.config import load_config, merge_options
from mmadapt.errors import DataError
from tests.tasks import write_config, write_images, write_trunk
from tests.test_apis.test_task import NAMES, write_task
from tests.test_tools.cli import ROOT, run_tool


@pytest.fixture
def argv(tmp_path: Path) -> list[object]:
    """Config, task file, and the folder that the photos are in."""
    config = write_config(tmp_path / 'photos.py', 'arch = dict(num_heads=4)\n')
    trunk = write_trunk(tmp_path / 'tiny.pth')
    cfg = merge_options(load_config(config), {'trunk': str(trunk)})
    task = write_task(cfg, tmp_path / 'task.pth', NAMES)
    photos = write_images(tmp_path / 'photos', per_class=2) / 'val'
    return [config, task, photos, '--device', 'cpu', '--cfg-options', f'trunk={trunk}']


def test_names_and_shares(
    argv: list[object],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run_tool(monkeypatch, 'predict', *argv, '--topk', 2)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.endswith('.png')] == [
        str(file) for file in sorted(Path(str(argv[2])).rglob('*.png'))
    ]
    assert len(lines) == 4 * (1 + 2)
    name, share = lines[1].split()
    assert name in NAMES
    assert 0 < float(share.rstrip('%')) <= 100


def test_json_alone_on_standard_output(argv: list[object], tmp_path: Path) -> None:
    broken = tmp_path / 'broken.png'
    broken.write_bytes(b'no image')
    config, task, photos, *rest = map(str, argv)
    command = [sys.executable, str(ROOT / 'tools' / 'predict.py'), config, task]
    ended = subprocess.run(
        [*command, str(broken), f'{photos}/red', '--json', *rest],
        capture_output=True,
        text=True,
    )
    # What can be read is predicted; what can't is named, and told by the status.
    assert ended.returncode == 1
    assert f"image '{broken}' can't be read" in ended.stderr
    assert 'Traceback' not in ended.stderr
    results = json.loads(ended.stdout)
    assert [Path(one['input']).name for one in results] == ['0.png', '1.png']
    for one in results:
        assert {c['name'] for c in one['classes']} == {*NAMES}
        assert sum(c['score'] for c in one['classes']) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ('name', 'text'), [('none.png', 'does not exist'), ('clip.mp4', 'is a video')]
)
def test_inputs_are_checked_before_the_model_is_built(
    argv: list[object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    text: str,
) -> None:
    if name == 'clip.mp4':
        (tmp_path / name).touch()
    argv[1] = tmp_path / 'no_task_file.pth'
    with pytest.raises(DataError, match=text):
        run_tool(monkeypatch, 'predict', *argv[:2], tmp_path / name, *argv[3:])


MULTI_LABEL = """
arch = dict(num_heads=4)
model['head'] = dict(
    type='MultiLabelLinearClsHead', num_classes=None, in_channels=None)
"""


def test_each_class_by_itself_where_a_photo_may_have_several(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = [f'class {index}' for index in range(7)]
    config = write_config(tmp_path / 'photos.py', MULTI_LABEL)
    trunk = write_trunk(tmp_path / 'tiny.pth')
    cfg = merge_options(load_config(config), {'trunk': str(trunk)})
    file = write_task(cfg, tmp_path / 'task.pth', names)
    photo = write_images(tmp_path / 'photos', per_class=1) / 'val' / 'red' / '0.png'
    argv = [config, file, photo, '--device', 'cpu', '--cfg-options', f'trunk={trunk}']
    capsys.readouterr()  # what building the task has said
    run_tool(monkeypatch, 'predict', *argv)
    lines = capsys.readouterr().out.splitlines()[1:]
    assert sorted(line.split('  ')[1] for line in lines) == names  # all, not five

    task = load_task(cfg, file, 'cpu')
    seen: list[torch.Tensor] = []
    task.model.head.fc.register_forward_hook(lambda *parts: seen.append(parts[2]))
    found = {one.label: one.score for one in predict(task, [photo])[0]}
    assert [found[i] for i in range(7)] == pytest.approx(seen[0][0].sigmoid().tolist())
    assert sum(found.values()) != pytest.approx(1, abs=0.01)
    assert len(predict(task, [photo], topk=2)[0]) == 2
