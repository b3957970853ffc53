"""What a user can mend is said in a sentence."""

from __future__ import annotations

import errno
import os
import signal

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
