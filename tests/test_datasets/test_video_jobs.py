"""Work in several processes: errors and crashes are those of one item."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from mmadapt.datasets.video_jobs import Outcome, attempt, run_jobs
from mmadapt.errors import DataError, StorageError


def tenfold(number: int) -> int:
    """Ten times a number; some numbers are trouble."""
    if number == 3:
        raise DataError('three is refused')
    if number == 4:
        raise ValueError('four is wrong')
    if number in (5, 11):
        os._exit(1)  # as a decoder's segmentation fault would
    return 10 * number


@pytest.mark.parametrize('workers', [1, 3])
def test_every_item_has_one_outcome(
    workers: int, capfd: pytest.CaptureFixture[str]
) -> None:
    outcomes = list(run_jobs(tenfold, range(14), workers, 'numbers'))
    problems = {
        3: 'three is refused',
        4: 'ValueError: four is wrong',
        5: 'the decoder crashed',
        11: 'the decoder crashed',
    }
    expected = [
        Outcome(n, None if n in problems else 10 * n, problems.get(n))
        for n in range(14)
    ]
    assert sorted(outcomes, key=lambda outcome: outcome.item) == expected
    shown = capfd.readouterr()
    assert not shown.out
    assert 'numbers' in shown.err and '14/14' in shown.err


def hang(number: int) -> int:
    """Some numbers take for ever."""
    time.sleep(600 if number == 1 else 0)
    return number


def test_what_hangs_is_ended() -> None:
    outcomes = {o.item: o for o in run_jobs(hang, range(3), 1, 'numbers', 2)}
    assert outcomes[1].problem == 'not done in 2 seconds'
    assert [outcomes[n].result for n in (0, 2)] == [0, 2]


def write(number: int) -> int:
    """One may not be written, and from three on there is no room."""
    if number == 1:
        raise PermissionError(errno.EACCES, 'Permission denied')
    if number == 2:
        raise OSError(errno.EFBIG, 'File too large')
    if number >= 3:
        raise OSError(errno.EDQUOT, 'Disk quota exceeded')
    return number


def test_no_room_ends_all_of_it() -> None:
    """It is no fault of the clips, and the next ones would find none either."""
    with pytest.raises(StorageError, match='Disk quota exceeded: the disk, or what'):
        list(run_jobs(write, range(200), 1, 'numbers'))
    with pytest.raises(StorageError):
        attempt(write, 3)
    too_large = 'OSError: [Errno 27] File too large'
    assert attempt(write, 2) == (None, too_large), 'a smaller one may fit'
    denied = 'PermissionError: [Errno 13] Permission denied'
    assert attempt(write, 1) == (None, denied), 'which is of this item alone'


def test_nothing_to_do() -> None:
    assert list(run_jobs(tenfold, [], 2, 'none')) == []


def note(number: int, folder: Path) -> None:
    """Leave a file."""
    (folder / str(number)).touch()


def test_who_stops_listening_stops_the_work(tmp_path: Path) -> None:
    outcomes = run_jobs(partial(note, folder=tmp_path), range(500), 1, 'numbers')
    next(outcomes)
    outcomes.close()
    assert len(list(tmp_path.iterdir())) < 50


@pytest.mark.skipif(sys.platform != 'linux', reason='reads /proc')
def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = (
        'from tests.test_datasets.test_video_jobs import *\n'
        "if __name__ == '__main__':\n"
        f'    job = partial(rest, folder=Path({str(tmp_path)!r}))\n'
        "    list(run_jobs(job, range(9), 1, 'numbers'))\n"
    )
    (tmp_path / 'script.py').write_text(script)
    root = Path(__file__).parents[2]
    parent = subprocess.Popen(
        [sys.executable, tmp_path / 'script.py'],
        env={**os.environ, 'PYTHONPATH': str(root)},
    )
    file = tmp_path / 'pid'
    assert within(240, file.exists)
    parent.kill()
    parent.wait()
    worker = int(file.read_text())
    assert within(20, lambda: not alive(worker))


def rest(number: int, folder: Path) -> None:
    """Say which process this is, and do nothing for long."""
    (folder / 'pid.partial').write_text(str(os.getpid()))
    os.replace(folder / 'pid.partial', folder / 'pid')
    time.sleep(600)


def alive(process: int) -> bool:
    """Whether a process runs; one that has ended may wait to be collected."""
    file = Path(f'/proc/{process}/stat')
    return file.exists() and file.read_text().rpartition(')')[2].split()[0] != 'Z'


def within(seconds: float, done: Callable[[], bool]) -> bool:
    """Whether something comes true in time."""
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.1)
    return done()
