"""compare_methods.py on a tiny task, whole, and again."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import pytest

from tests.tasks import write_config, write_images, write_trunk
from tests.test_tools.cli import load_tool


def compare(monkeypatch: pytest.MonkeyPatch, *argv: object) -> None:
    monkeypatch.setattr(sys, 'argv', ['compare_methods.py', *map(str, argv)])
    load_tool('benchmarks/compare_methods').main()


@pytest.mark.slow
def test_a_table_and_two_plots_and_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_images(tmp_path / 'photos', per_class=10)
    trunk = write_trunk(tmp_path / 'tiny.pth')
    config = write_config(tmp_path / 'photos.py')
    argv = [
        *(config, '--seeds', 1, '--epochs', 1, '--jobs', 2, '--work-dir', tmp_path),
        *('--methods', 'full', 'vpt', '--rates', 1e-2, 1e-3, '--full-rates', 1e-3),
        *('--holdout', 0.4),
        *('--cfg-options', f'data_root={tmp_path / "photos"}', f'trunk={trunk}'),
    ]
    compare(monkeypatch, *argv)
    root = tmp_path / 'photos'
    rows = (root / 'results.md').read_text().splitlines()
    counts = {row.split(' | ')[0]: row.split(' | ')[2] for row in rows[2:]}
    # Two prompts of 48 and the head of 2 x 48 + 2; the whole tiny transformer.
    assert counts['| VPT-1'] == '194'
    assert int(counts['| full'].replace(',', '')) > 30_000
    assert 'VPT-1' in (root / 'rates.md').read_text()
    assert 'full' not in (root / 'rates.md').read_text()  # one rate: nothing to choose
    for name in ('scores.png', 'curves.png'):
        assert cv2.imread(str(root / name)).std() > 5
    marks = {mark: mark.stat().st_mtime_ns for mark in root.glob('steps/*.done.json')}
    assert len(marks) == 4
    assert all(json.loads(mark.read_text())['peak_bytes'] > 1e7 for mark in marks)
    capsys.readouterr()
    compare(monkeypatch, *argv)
    assert {m: m.stat().st_mtime_ns for m in root.glob('steps/*.done.json')} == marks
    assert '2 of 2 steps are done already' in capsys.readouterr().out


def test_two_configs_of_one_name_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        load_tool('benchmarks/compare_methods').parse_args(['a/x.py', 'b/x.py'])
    assert 'a/x.py, b/x.py: results lie in a folder named' in capsys.readouterr().err


@pytest.mark.parametrize(
    'argv', [['--seeds', '0'], ['--epochs', '0'], ['--jobs', '0'], ['--holdout', '1']]
)
def test_numbers_that_mean_nothing_are_refused(argv: list[str]) -> None:
    with pytest.raises(SystemExit):
        load_tool('benchmarks/compare_methods').parse_args(['config.py', *argv])
