"""Two clips never go to one place, whatever their names."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from mmadapt.datasets.places import encoded_names, place_of

SOURCE = Path('/data')
FOLDERS = ('', 'outside/far/', 'inside/', 'inside/outside/far/', '/far/', '/outside/')
NAMES = ('a', 'a.mp4', 'a.webm', 'a.webm.mp4', 'a.mp4.mp4', 'a.mp4.webm', 'a.webm.webm')


def test_every_key_has_a_place_of_its_own() -> None:
    keys = [folder + name for folder, name in product(FOLDERS, NAMES)]
    places = [place_of(key) for key in keys]
    assert len({*places}) == len(keys)
    assert not any(place.is_absolute() for place in places)
    assert place_of('train/a.mp4') == Path('train/a.mp4')
    assert place_of('/far/a.mp4') == Path('outside/far/a.mp4')


def test_any_clips_are_encoded_into_files_of_their_own() -> None:
    for chosen in product((False, True), repeat=len(NAMES)):
        names = [name for name, taken in zip(NAMES, chosen, strict=True) if taken]
        files = [SOURCE / folder / name for folder, name in product(FOLDERS, names)]
        targets = encoded_names(files, SOURCE)
        assert list(targets) == files
        assert len({*targets.values()}) == len(files)
        assert {target.suffix for target in targets.values()} <= {'.mp4'}
        assert encoded_names(reversed(files), SOURCE) == targets
