"""The list of broken files that processes have in common."""

from __future__ import annotations

import copy
import gc
import os
import pickle
from pathlib import Path

import pytest

from mmadapt.datasets.broken import NAMED, BrokenFiles
from mmadapt.errors import DataError


def test_its_file_goes_with_it() -> None:
    files = BrokenFiles()
    assert not files.watched and not files.known() and not files.file.exists()
    assert files.add('a.jpg', 'why') and not files.add('a.jpg', 'why')
    assert not files.watched
    files.watch(3)
    assert files.watched and files.limit == 3
    place = files.file
    del files
    gc.collect()
    assert not place.exists()


def test_copies_read_what_one_of_them_notes() -> None:
    files = BrokenFiles()
    copies = [pickle.loads(pickle.dumps(files)), copy.deepcopy(files)]
    files.watch(3)
    strange = os.fsdecode(b'a\xff \n"b.jpg')
    copies[0].add('a.jpg', 'why')
    copies[1].add(strange, 'so')
    copies[0].add(strange, 'another reason')
    assert files.known() == {'a.jpg': 'why', strange: 'so'}
    assert copies[0].known() == files.known()
    del copies
    gc.collect()
    assert files.watched


def test_a_line_that_is_being_written_waits() -> None:
    files = BrokenFiles()
    files.watch(3)
    with files.file.open('a') as out:
        out.write('["a.jpg", ')
        out.flush()
        assert files.known() == {}
        out.write('"why", false]\n')
    assert files.known() == {'a.jpg': 'why'}


def test_one_more_than_tolerated_names_the_first() -> None:
    files = BrokenFiles()
    files.watch(NAMED + 4)
    for number in range(NAMED + 4):
        files.add(f'{number}', f'reason {number}.')
    with pytest.raises(DataError, match=rf'{NAMED + 5} files .* {NAMED + 4} are') as e:
        files.add('x', 'the last')
    assert f'reason {NAMED - 1}.' in str(e.value)
    assert f'reason {NAMED}.' not in str(e.value)


def test_it_is_for_this_user_alone(tmp_path: Path) -> None:
    files = BrokenFiles()
    files.watch(0)
    assert files.file.stat().st_mode & 0o777 == 0o600
