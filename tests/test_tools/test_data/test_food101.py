"""tools/data/food101.py on an imitation of two classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mmpretrain.registry import DATASETS

from mmadapt.errors import DataError
from tests.test_tools.test_data.downloads import (
    faults,
    jpeg,
    run_data_tool,
    state_of,
    tar_of,
    write_files,
)

SMALL = {'PER_CLASS': {'train': 2, 'test': 1}, 'CLASSES': ('apple_pie', 'waffles')}


def files() -> dict[str, bytes]:
    """The files of the archive."""
    names = [f'{name}/{i}' for name in SMALL['CLASSES'] for i in range(3)]
    lists = {
        'food-101/meta/train.txt': [n for n in names if not n.endswith('2')],
        'food-101/meta/test.txt': [n for n in names if n.endswith('2')],
    }
    return {
        **{name: '\n'.join(lines).encode() for name, lines in lists.items()},
        **{f'food-101/images/{name}.jpg': jpeg() for name in names},
    }


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda *argv: run_data_tool(monkeypatch, 'food101', *argv, **SMALL)


def test_archive_becomes_what_the_config_reads(run: Any, tmp_path: Path) -> None:
    download, out = tmp_path / 'download', tmp_path / 'data'
    write_files(download, {'food-101.tar.gz': tar_of(files(), 'w:gz')})
    before = state_of(download)
    run(download, '--out', out)
    first = state_of(out / 'images')
    run(download, '--out', out)  # what is whole stays
    assert state_of(out / 'images') == first
    assert state_of(download) == before
    assert (out / 'images' / 'waffles' / '2.jpg').is_file()
    dataset = DATASETS.build({'type': 'LocalFood101', 'data_root': str(out)})
    assert len(dataset) == 4


def test_an_unpacking_goes_on_where_it_was(run: Any, tmp_path: Path) -> None:
    # The list comes last, so that half an archive has photos alone.
    whole = tar_of(dict(reversed(files().items())))
    archive = tmp_path / 'food-101.tar.gz'
    archive.write_bytes(whole[: len(whole) // 3])
    out = tmp_path / 'data'
    with pytest.raises(DataError, match='is cut off, or no tar archive'):
        run(tmp_path, '--out', out)
    first = {k: v for k, v in state_of(out).items() if k.endswith('.jpg')}
    assert 0 < len(first) < 6
    archive.write_bytes(whole)
    run(tmp_path, '--out', out)
    assert first.items() <= state_of(out).items()
    assert not list(out.rglob('*.part'))


def test_missing_broken_and_foreign_photos_are_listed(run: Any, tmp_path: Path) -> None:
    content = files()
    write_files(tmp_path, content)
    folder, out = tmp_path / 'food-101' / 'images', tmp_path / 'data'
    (folder / 'apple_pie' / '0.jpg').unlink()
    photo = folder / 'apple_pie' / '1.jpg'
    photo.write_bytes(photo.read_bytes()[:-200])  # OpenCV would make grey of the rest
    (folder / 'waffles' / '1.jpg').write_bytes(b'GIF89a\x01\x00\x01\x00\x00\x00\x00;')
    (folder / 'waffles' / '2.jpg').write_bytes(b'')
    with pytest.raises(DataError, match=r'1 missing, 3 undecodable.*problems\.txt'):
        run(tmp_path, '--out', out)
    found = [(kind, Path(place).name) for kind, place in faults(out)]
    assert found == [
        ('missing', '0.jpg'),
        ('undecodable', '1.jpg'),
        ('undecodable', '1.jpg'),
        ('undecodable', '2.jpg'),
    ]
    # Mended, it passes, and the list is gone.
    write_files(tmp_path, content)
    run('--check-only', '--out', out)
    assert not (out / 'problems.txt').exists()


def test_a_list_of_another_length(run: Any, tmp_path: Path) -> None:
    write_files(tmp_path, files())
    file = tmp_path / 'food-101' / 'meta' / 'test.txt'
    file.write_text('waffles/2\nwafles/2\n')
    with pytest.raises(DataError, match=r'2 count, 1 missing'):
        run('--check-only', '--out', tmp_path / 'food-101')
    assert faults(tmp_path / 'food-101')[:2] == [
        ('count', 'test photos of apple_pie'),
        ('count', 'test photos of wafles'),
    ]
