"""What a user can mend is said in a sentence."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from torch.utils.data import DataLoader, Dataset

from mmadapt import ending


@pytest.mark.parametrize('ours', [True, False])
def test_a_data_worker_that_was_killed_is_named(ours: bool) -> None:
    class Killed(Dataset):
        def __len__(self) -> int:
            return 2

        def __getitem__(self, index: int) -> int:
            if ours:
                os.kill(os.getpid(), signal.SIGKILL)
            raise RuntimeError('of another kind')

    def main() -> None:
        try:
            list(DataLoader(Killed(), num_workers=1))
        except RuntimeError as error:  # as MMEngine does where it formats a config
            raise RuntimeError('can not be formatted') from error

    expected = SystemExit if ours else RuntimeError
    with pytest.raises(expected, match='want of memory' if ours else 'formatted'):
        ending.run(main)


def test_a_full_disk_is_named() -> None:
    def main(number: int) -> None:
        raise OSError(number, os.strerror(number))

    with pytest.raises(SystemExit, match=r'StorageError.*No space.*--resume'):
        ending.run(lambda: main(errno.ENOSPC))
    with pytest.raises(PermissionError):
        ending.run(lambda: main(errno.EACCES))


GROUP = """
import sys
from pathlib import Path

import torch

from mmadapt import ending

def main():
    torch.distributed.init_process_group(
        'gloo', init_method='file://' + sys.argv[1], rank=0, world_size=1
    )
    model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 2))
    model.itself = [model]
    model(torch.zeros(1, 2)).sum().backward()
    assert threads(), 'gloo has no threads of this name'
    if len(sys.argv) > 2:
        raise OSError(28, 'No space left on device')

def threads():
    names = [file.read_text() for file in Path('/proc/self/task').glob('*/comm')]
    return [name for name in names if 'gloo' in name]

try:
    ending.run(main)
finally:
    print(torch.distributed.is_initialized(), threads())
"""


def ended(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, '-c', GROUP, *arguments], capture_output=True, text=True
    )


def test_no_thread_of_gloo_outlives_a_run(tmp_path: Path) -> None:
    result = ended(str(tmp_path / 'store'))
    assert result.stdout == 'False []\n', result.stderr
    assert result.returncode == 0


def test_a_process_that_failed_waits_for_no_other(tmp_path: Path) -> None:
    result = ended(str(tmp_path / 'store'), 'full')
    assert result.stdout.startswith('True')
    assert 'StorageError' in result.stderr
    assert result.returncode == 1
