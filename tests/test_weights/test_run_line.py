"""Whose checkpoints are a run's: its own, and those it went on from, up to there."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

from mmadapt.errors import TaskFileError
from mmadapt.weights.latest import find_latest
from mmadapt.weights.run_line import RunLine, line_of, read_note

A, B = RunLine('a'), RunLine('b')


def save(file: Path, iteration: int, line: RunLine | None, time: str = '') -> Path:
    meta: dict[str, Any] = {'iter': iteration, 'time': time}
    if line is not None:
        meta['run'] = line.plain()
    torch.save({'optimizer': {}, 'meta': meta}, file)
    return file


def note(folder: Path, line: RunLine) -> None:
    (folder / 'last_run').write_text(json.dumps(line.plain()))


def after(line: RunLine | None, iteration: int, file: str = '') -> RunLine:
    meta = {'iter': iteration, **({'run': line.plain()} if line else {})}
    return RunLine.after({'meta': meta}, file)


def tear(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


@pytest.mark.parametrize('noted', ['run', 'checkpoint', 'time'])
def test_another_runs_later_file_is_passed_over(tmp_path: Path, noted: str) -> None:
    own = save(tmp_path / 'epoch_1.pth', 4, B, '20260102_000000')
    save(tmp_path / 'epoch_3.pth', 12, A, '20260101_000000')
    if noted == 'run':
        note(tmp_path, B)
    if noted == 'checkpoint':
        (tmp_path / 'last_checkpoint').write_text('epoch_1.pth')
    with pytest.warns(UserWarning, match=r'of other runs: epoch_3\.pth\. To go on'):
        assert find_latest(tmp_path) == str(own)


def test_a_run_that_went_back_leaves_the_files_behind_it(tmp_path: Path) -> None:
    save(tmp_path / 'epoch_1.pth', 4, A)
    start = save(tmp_path / 'epoch_2.pth', 8, A)
    save(tmp_path / 'epoch_3.pth', 12, A)
    (tmp_path / 'last_checkpoint').write_text('epoch_3.pth')
    back = after(A, 8)
    note(tmp_path, back)
    with pytest.warns(UserWarning, match=r'other runs: epoch_3\.pth\.'):
        assert find_latest(tmp_path) == str(start)
    newest = save(tmp_path / 'iter_10.pth', 10, back)  # killed in front of its note
    with pytest.warns(UserWarning, match=r'other runs: epoch_3\.pth\.'):
        assert find_latest(tmp_path) == str(newest)
    tear(newest)
    with pytest.warns(UserWarning, match=r'iter_10\.pth'):
        assert find_latest(tmp_path) == str(start)


def test_resumed_runs_are_one_line(tmp_path: Path) -> None:
    line = A
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        for epoch in range(1, 5):
            newest = save(tmp_path / f'epoch_{epoch}.pth', epoch, line)
            assert find_latest(tmp_path) == str(newest)
            line = after(line, epoch)
            note(tmp_path, line)
            assert find_latest(tmp_path) == str(newest)


def test_a_run_that_saved_nothing_is_an_error(tmp_path: Path) -> None:
    save(tmp_path / 'epoch_3.pth', 12, A)
    note(tmp_path, B)
    with pytest.raises(TaskFileError, match=r'no checkpoint .* epoch_3\.pth are of ot'):
        find_latest(tmp_path)


def test_files_without_an_id_are_one_run(tmp_path: Path) -> None:
    first = save(tmp_path / 'epoch_1.pth', 4, None)
    assert find_latest(tmp_path) == str(first)
    line = after(None, 4)
    note(tmp_path, line)
    assert find_latest(tmp_path) == str(first)
    save(tmp_path / 'epoch_9.pth', 36, None)
    newest = save(tmp_path / 'epoch_2.pth', 8, line)
    with pytest.warns(UserWarning, match=r'other runs: epoch_9\.pth\.'):
        assert find_latest(tmp_path) == str(newest)


def test_a_file_of_another_folder_is_found_again(tmp_path: Path) -> None:
    elsewhere = tmp_path / 'elsewhere'
    elsewhere.mkdir()
    file = save(elsewhere / 'epoch_2.pth', 8, A)
    work = tmp_path / 'work'
    work.mkdir()
    note(work, after(A, 8, str(file)))
    assert find_latest(work) == str(file)
    file.rename(elsewhere / 'moved.pth')  # or a disk that is not mounted
    with pytest.raises(TaskFileError, match=r'epoch_2\.pth, which is not there'):
        find_latest(work)


def test_a_resumed_run_without_any_file_is_an_error(tmp_path: Path) -> None:
    note(tmp_path, after(A, 8))
    with pytest.raises(TaskFileError, match='of this folder, which is not there'):
        find_latest(tmp_path)
    note(tmp_path, A)  # from the beginning, and killed before its first file
    assert find_latest(tmp_path) is None


@pytest.mark.parametrize(
    'text',
    ['', '[]', '{"id": 3}', '{"id": "a"}', '{"id": "a", "before": [["b"]]}', '\udcff'],
)
def test_a_damaged_note_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / 'last_run').write_bytes(text.encode(errors='surrogateescape'))
    assert read_note(tmp_path) is None


def test_a_line_is_read_as_it_was_written() -> None:
    line = after(after(A, 3), 8, '/x/epoch_2.pth')
    assert line_of({'meta': {'run': json.loads(json.dumps(line.plain()))}}) == line
    assert [run for run, _ in line.before][-1] == 'a' and line.before[-1][1] == 3
    assert line_of({'meta': None}) == line_of({}) == RunLine('')
    assert RunLine.fresh().run != RunLine.fresh().run
