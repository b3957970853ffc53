"""A clip recorded on its side is upright, by whichever decoder."""

from __future__ import annotations

import math
from pathlib import Path

import mmaction.datasets  # noqa: F401
import numpy as np
import pytest
from mmcv.transforms import Compose
from mmengine.registry import DefaultScope

from mmadapt.datasets import readers
from mmadapt.datasets.readers import READERS
from mmadapt.datasets.turned import quarter_turns
from mmadapt.datasets.video_encode import Encoding, encode_clip
from tests.test_datasets.clips import turn, write_clip

TURNS = {
    'as it is': ((1, 0, 0, 1), 0),
    'clockwise': ((0, 1, -1, 0), 3),  # times that np.rot90 turns against the clock
    'upside down': ((-1, 0, 0, -1), 2),
    'against the clock': ((0, -1, 1, 0), 1),
    'slanting': ((0.7, 0.7, -0.7, 0.7), 0),
    'flat': ((0, 0, 0, 0), 0),
}


def recorded(file: Path, kind: str) -> tuple[Path, np.ndarray]:
    """A clip of four colours, 32 x 64 as it was recorded, and how it is to be shown."""
    picture = np.zeros((32, 64, 3), np.uint8)
    picture[:16, :32, 0] = picture[:16, 32:, 1] = picture[16:, :32, 2] = 220
    matrix, turns = TURNS[kind]
    shown = np.rot90(picture, turns)
    return turn(write_clip(file, picture=picture), matrix), shown


def is_like(frame: np.ndarray, shown: np.ndarray) -> bool:
    """Whether two pictures are the same, but for what encoding does to colours."""
    if frame.shape != shown.shape:
        return False
    off = np.abs(frame.astype(int) - shown.astype(int))
    return float(np.mean(off)) < 10


@pytest.mark.parametrize('kind', TURNS)
@pytest.mark.parametrize('reader', READERS, ids=lambda reader: reader.__name__)
def test_every_decoder_shows_it_upright(
    tmp_path: Path, reader: type[readers.Reader], kind: str
) -> None:
    file, shown = recorded(tmp_path / 'phone.mp4', kind)
    frames = reader(str(file)).read([0, 5, 11])  # type: ignore[call-arg]
    assert [is_like(frame, shown) for frame in frames] == [True] * 3
    assert all(frame.flags.c_contiguous for frame in frames)


@pytest.mark.parametrize('matrix', [(-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0)])
def test_a_mirrored_one_is_as_decord_gives_it(
    tmp_path: Path, matrix: tuple[int, int, int, int]
) -> None:
    file, _ = recorded(tmp_path / 'mirrored.mp4', 'as it is')
    turn(file, matrix)
    by_decord, by_pyav = (
        reader(str(file)).read([3])[0] for reader in (readers.Decord, readers.PyAV)
    )
    assert is_like(by_pyav, by_decord)


@pytest.mark.parametrize('kind', TURNS)
def test_it_is_as_mmaction_gives_it_bit_by_bit(tmp_path: Path, kind: str) -> None:
    file, shown = recorded(tmp_path / 'phone.mp4', kind)
    found = []
    for steps in (('DecordInit', 'DecordDecode'), ('OpenVideo', 'DecodeVideo')):
        sample = {'filename': str(file), 'frame_inds': np.array([0, 7, 7, 3])}
        with DefaultScope.overwrite_default_scope('mmaction'):
            found.append(Compose([{'type': step} for step in steps])(sample))
    assert np.array_equal(found[0]['imgs'], found[1]['imgs'])
    assert found[0]['img_shape'] == found[1]['img_shape'] == shown.shape[:2]


def test_a_smaller_copy_is_upright_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, shown = recorded(tmp_path / 'phone.mp4', 'clockwise')
    monkeypatch.setattr(readers, 'READERS', (readers.PyAV,))
    encode_clip(file, tmp_path / 'small.mp4', Encoding(short_side=32))
    assert is_like(readers.Decord(str(tmp_path / 'small.mp4')).read([0])[0], shown)


@pytest.mark.parametrize('degrees', range(-180, 181, 45))
def test_quarters_of_a_circle(degrees: int) -> None:
    # The matrix that turns clockwise by an angle, as players do it.
    cos, sin = (
        round(2**16 * value)
        for value in (math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
    )
    matrix = (cos, sin, 0, -sin, cos, 0, 0, 0, 2**30)
    expected = (-degrees // 90) % 4 if degrees % 90 == 0 else 0
    assert quarter_turns(matrix) == expected
