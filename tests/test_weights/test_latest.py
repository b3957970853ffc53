"""What a run goes on from: the newest whole checkpoint, and never nothing unsaid."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.runner import find_latest_checkpoint

from mmadapt.errors import TaskFileError
from mmadapt.weights.latest import find_latest
from tests.test_weights.test_reading import Payload


def save(file: Path, iteration: int, **content: Any) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save({'optimizer': {}, 'meta': {'iter': iteration}, **content}, file)
    return file


def tear(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


@pytest.fixture(autouse=True)
def silent() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        yield


def test_nothing_yet(tmp_path: Path) -> None:
    assert find_latest(tmp_path) is None
    assert find_latest(tmp_path / 'absent') is None


def test_a_note_that_names_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / 'last_checkpoint').write_text('gone.pth')
    with pytest.raises(TaskFileError, match=r'gone\.pth.*is not there'):
        find_latest(tmp_path)


@pytest.mark.parametrize('text', [b'\x80\x04\xff', b'a\0b', b'x' * 5000])
def test_a_damaged_note_is_an_error(tmp_path: Path, text: bytes) -> None:
    (tmp_path / 'last_checkpoint').write_bytes(text)
    with pytest.raises(TaskFileError, match='last_checkpoint names .*not there'):
        find_latest(tmp_path)
    whole = save(tmp_path / 'epoch_1.pth', 1)
    assert find_latest(tmp_path) == str(whole)


def test_the_latest_iteration_counts_not_name_date_or_note(tmp_path: Path) -> None:
    newest = save(tmp_path / 'epoch_9.pth', 40)
    save(tmp_path / 'epoch_10.pth', 30)
    (tmp_path / 'last_checkpoint').write_text('epoch_10.pth')
    assert find_latest(tmp_path) == str(newest)
    assert find_latest_checkpoint(str(tmp_path)) == str(newest)  # MMEngine's own


def test_a_torn_newest_file_is_named_and_passed_over(tmp_path: Path) -> None:
    whole = save(tmp_path / 'epoch_1.pth', 10)
    tear(save(tmp_path / 'epoch_2.pth', 20))
    with pytest.warns(UserWarning, match=r'epoch_1\.pth is resumed: .*epoch_2\.pth'):
        assert find_latest(tmp_path) == str(whole)


def test_files_and_none_whole_is_an_error(tmp_path: Path) -> None:
    for number in (1, 2):
        tear(save(tmp_path / f'epoch_{number}.pth', number))
    save(tmp_path / 'best.pth', 1).unlink()
    with pytest.raises(TaskFileError, match=r'(?s)no checkpoint.*epoch_1.*epoch_2'):
        find_latest(tmp_path)


def test_weights_alone_are_an_error(tmp_path: Path) -> None:
    torch.save({'state_dict': {}, 'meta': {'iter': 3}}, tmp_path / 'best_top1.pth')
    with pytest.raises(TaskFileError, match='hold weights alone'):
        find_latest(tmp_path)
    newest = save(tmp_path / 'epoch_1.pth', 1)
    assert find_latest(tmp_path) == str(newest)


def test_nothing_is_run_on_the_way(tmp_path: Path) -> None:
    trap = tmp_path / 'trap'
    whole = save(tmp_path / 'epoch_1.pth', 1)
    save(tmp_path / 'epoch_2.pth', 2, message_hub=Payload(trap))
    save(tmp_path / 'epoch_3.pth', 3, optimizer=Payload(trap))
    with pytest.warns(UserWarning, match='--trust-checkpoint'):
        assert find_latest(tmp_path) == str(whole)
    assert not trap.exists()


def test_a_folder_that_was_moved(tmp_path: Path) -> None:
    save(tmp_path / 'old' / 'epoch_1.pth', 1)
    (tmp_path / 'old' / 'last_checkpoint').write_text('epoch_1.pth')
    shutil.move(tmp_path / 'old', tmp_path / 'new')
    assert find_latest(tmp_path / 'new') == str(tmp_path / 'new' / 'epoch_1.pth')


def test_checkpoints_in_another_folder(tmp_path: Path) -> None:
    file = save(tmp_path / 'elsewhere' / 'epoch_1.pth', 1)
    (tmp_path / 'work').mkdir()
    (tmp_path / 'work' / 'last_checkpoint').write_text(str(file))
    assert find_latest(tmp_path / 'work') == str(file)
