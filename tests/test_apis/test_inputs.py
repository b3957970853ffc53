"""Files and folders to predict."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmadapt.apis import find_inputs
from mmadapt.errors import DataError


def touch(*files: Path) -> None:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def test_files_as_given_and_folders_to_the_bottom(tmp_path: Path) -> None:
    single = tmp_path / 'z.dat'  # an unknown ending is left to the decoder
    deep = tmp_path / 'album' / 'deep' / 'a.JPG'
    flat = tmp_path / 'album' / 'b.png'
    touch(single, deep, flat, tmp_path / 'album' / 'notes.txt')
    found = find_inputs([single, str(tmp_path / 'album')], 'image')
    assert found == [single, flat, deep]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"image '.*nowhere.jpg' does not exist"):
        find_inputs([tmp_path / 'nowhere.jpg'], 'image')


def test_folder_without_any(tmp_path: Path) -> None:
    touch(tmp_path / 'a.mp4')
    with pytest.raises(DataError, match='has no image; looked for .jpg'):
        find_inputs([tmp_path], 'image')


@pytest.mark.parametrize(
    ('name', 'kind', 'text'),
    [
        ('a.mp4', 'image', 'is a video; this model reads images'),
        ('a.png', 'video', 'is an image; this model reads videos'),
    ],
)
def test_the_other_kind(tmp_path: Path, name: str, kind: str, text: str) -> None:
    touch(tmp_path / name)
    with pytest.raises(DataError, match=text):
        find_inputs([tmp_path / name], kind)
