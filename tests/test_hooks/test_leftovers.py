"""Half-written files go when nobody writes them any more, and nothing else goes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from mmadapt.hooks import leftovers
from mmadapt.hooks.leftovers import DAY, remove_leftovers
from mmadapt.hooks.storage import this_host, write_whole


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, '-c', ''])
    process.wait()
    return process.pid


def make(folder: Path, *names: str, age: float = 0.0) -> set[str]:
    for name in names:
        (folder / name).write_text('')
        os.utime(folder / name, (time.time() - age,) * 2)
    return set(names)


def test_files_of_dead_processes_of_this_machine_go(tmp_path: Path) -> None:
    host, dead = this_host(), dead_process()
    gone = make(
        tmp_path, f'.epoch_1.pth.{host}.{dead}.tmp', f'.last_run.{host}.{dead}.tmp'
    )
    gone |= make(
        tmp_path, '.a.pth.other.1.tmp', f'.epoch_9.pth.{dead}.tmp', age=DAY + 60
    )
    stay = make(
        tmp_path,
        f'.epoch_2.pth.{host}.{os.getpid()}.tmp',
        f'.epoch_2.pth.elsewhere.{dead}.tmp',
        f'.epoch_2.pth.{dead}.tmp',  # of which machine nothing says
        f'.notes.txt.{host}.{dead}.tmp',
        f'epoch_2.pth.{host}.{dead}.tmp',
        'epoch_1.pth',
    )
    stay |= make(tmp_path, '.notes.tmp', '.x.json.1.tmp', age=DAY + 60)
    assert set(remove_leftovers(tmp_path)) == gone
    assert {file.name for file in tmp_path.iterdir()} == stay
    assert remove_leftovers(tmp_path / 'absent') == []


@pytest.mark.parametrize('error', [PermissionError, FileNotFoundError])
@pytest.mark.parametrize('method', ['unlink', 'stat'])
def test_what_can_not_be_removed_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, error: type[OSError]
) -> None:
    """Another user's in a sticky folder; another run's that tidies too."""
    host, dead = this_host(), dead_process()
    make(tmp_path, f'.a.pth.{host}.{dead}.tmp', f'.b.pth.{host}.{dead}.tmp')
    real = getattr(Path, method)

    def refusing(path: Path, *args: object, **options: object) -> object:
        if path.name.startswith('.a.pth'):
            raise error(path)
        return real(path, *args, **options)

    monkeypatch.setattr(Path, method, refusing)
    assert remove_leftovers(tmp_path) == [f'.b.pth.{host}.{dead}.tmp']


def test_no_process_is_signalled_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: int) -> None:
        raise AssertionError('this is Ctrl+C there')

    make(tmp_path, f'.a.pth.{this_host()}.{dead_process()}.tmp')
    old = make(tmp_path, '.b.pth.other.1.tmp', age=DAY + 60)
    monkeypatch.setattr(leftovers, 'os', SimpleNamespace(name='nt', kill=kill))
    assert set(remove_leftovers(tmp_path)) == old


def test_they_have_the_names_that_are_written(tmp_path: Path) -> None:
    """A process that is killed while it writes, and the next run."""
    code = (
        'import os, signal, sys\n'
        'from mmadapt.hooks import storage\n'
        'storage.os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n'
        'storage.write_whole(b"half", sys.argv[1])\n'
    )
    file = tmp_path / 'epoch_1.pth'
    subprocess.run([sys.executable, '-c', code, str(file)], check=False)
    assert len(list(tmp_path.iterdir())) == 1
    assert len(remove_leftovers(tmp_path)) == 1
    write_whole(b'whole', file)
    assert [path.name for path in tmp_path.iterdir()] == ['epoch_1.pth']
