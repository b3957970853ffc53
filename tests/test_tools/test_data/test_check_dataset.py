"""All that is wrong with the data of a config is found beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmadapt.errors import DataError
from tests.tasks import write_config, write_images

from ..cli import run_tool

CHANGES = """
train_dataloader['dataset'].update(type='ImageFolder')
val_dataloader['dataset'].update(type='ImageFolder', test_mode=True)
"""


def check(monkeypatch: pytest.MonkeyPatch, root: Path, *more: object) -> None:
    config = write_config(root / 'config.py', CHANGES)
    options = ('--cfg-options', f'data_root={root / "data"}')
    run_tool(monkeypatch, 'data/check_dataset', config, '--workers', 1, *more, *options)


def test_whole_and_broken_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_images(tmp_path / 'data')
    (data / 'train/blue/0.png').write_bytes(b'no photo')
    (data / 'val/red/1.png').write_bytes((data / 'train/red/2.png').read_bytes())
    report = tmp_path / 'report.tsv'
    with pytest.raises(DataError, match='2 faults'):
        check(monkeypatch, tmp_path, '--report', report)
    lines = report.read_text().splitlines()
    assert len([line for line in lines if line.startswith('mend')]) == 2
    assert 'blue/0.png' in lines[0] and 'red/1.png' in lines[1]
    assert 'to be mended: 2' in capsys.readouterr().out


def test_every_line_of_a_list_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_images(tmp_path / 'data')
    (data / 'train.txt').write_text('blue/0.png 0\nnone.png 1\nred/1.png\ngone.png x\n')
    with pytest.raises(DataError, match='2 faults'):
        check(monkeypatch, tmp_path, '--no-decode')
    shown = capsys.readouterr().out
    assert 'line 3' in shown and 'line 4' in shown
