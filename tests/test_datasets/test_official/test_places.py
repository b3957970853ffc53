"""Where a download is, and links to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmadapt.datasets.official import find_source, link
from mmadapt.errors import DataError


def test_a_link_follows_a_folder_that_moved(tmp_path: Path) -> None:
    place = tmp_path / 'data' / 'images'
    for name in ('old', 'new'):
        (tmp_path / name).mkdir()
        link(tmp_path / name, place)
        link(tmp_path / name, place)
        assert place.resolve() == tmp_path / name


def test_what_is_there_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / 'here').mkdir()
    (tmp_path / 'other').mkdir()
    with pytest.raises(DataError, match='here is there already'):
        link(tmp_path / 'other', tmp_path / 'here')
    assert not (tmp_path / 'here').is_symlink()


@pytest.mark.parametrize('source', ['.', '..', '../food-101', '../../food 1'])
def test_a_folder_is_found_from_anywhere(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell may stand in the folder itself, which is then called ``.``."""
    folder = tmp_path / 'food 1' / 'food-101'
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    assert find_source(Path(source), 'food-101').resolve() == folder
