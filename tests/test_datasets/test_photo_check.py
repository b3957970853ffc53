"""Photos of every kind become three channels of 8 bits, or are refused."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from mmadapt.datasets.photo_check import check_photo, decode_photo
from mmadapt.errors import BrokenFileError

ROWS, COLUMNS = np.mgrid[0:64, 0:96]
RGB = np.stack([COLUMNS * 2.5, ROWS * 4, 60 + 0 * ROWS], -1).astype(np.uint8)
GREY = np.asarray(Image.fromarray(RGB).convert('L'))
THREE_GREY = np.repeat(GREY[..., None], 3, -1)
NOISE = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def turned() -> bytes:
    """A photo that lies on its side, and says so."""
    exif = Image.Exif()
    exif[0x112] = 8  # turn it by a quarter, against the clock
    side = Image.fromarray(np.rot90(RGB, -1))
    return encoded(side, 'JPEG', exif=exif, quality=95)


def kinds() -> dict[str, tuple[bytes, np.ndarray, float]]:
    """Content, what it shows, and how far the pixels may be off."""
    photo = Image.fromarray(RGB)
    deep = (RGB.astype(np.uint16) << 8) + 200
    seen = Image.fromarray(np.dstack([RGB, 4 * ROWS.astype(np.uint8)]), 'RGBA')
    return {
        'JPEG': (encoded(photo, 'JPEG', quality=95), RGB, 2),
        'progressive': (encoded(photo, 'JPEG', quality=95, progressive=True), RGB, 2),
        'CMYK': (encoded(photo.convert('CMYK'), 'JPEG', quality=95), RGB, 3),
        'grey JPEG': (encoded(photo.convert('L'), 'JPEG'), THREE_GREY, 2),
        'grey': (encoded(photo.convert('L'), 'PNG'), THREE_GREY, 0),
        'grey, alpha': (encoded(photo.convert('LA'), 'PNG'), THREE_GREY, 0),
        'alpha': (encoded(seen, 'PNG'), RGB, 0),
        'palette': (encoded(photo.quantize(256), 'PNG'), RGB, 8),
        'one bit': (
            encoded(Image.fromarray(GREY > 99), 'PNG'),
            np.uint8(255) * np.repeat((GREY > 99)[..., None], 3, -1),
            0,
        ),
        '16 bits': (cv2.imencode('.png', deep[..., ::-1])[1].tobytes(), RGB, 0),
        '16 bits, TIFF': (cv2.imencode('.tif', deep[..., ::-1])[1].tobytes(), RGB, 1),
        '16 bits, grey': (
            encoded(Image.fromarray((GREY.astype(np.uint16) << 8) + 200), 'PNG'),
            THREE_GREY,
            0,
        ),
        'CMYK, TIFF': (encoded(photo.convert('CMYK'), 'TIFF'), RGB, 1),
        'WebP': (encoded(photo, 'WEBP', quality=95), RGB, 4),
        'turned': (turned(), RGB, 3),
        'odd': (encoded(Image.fromarray(RGB[:1, :1]), 'PNG'), RGB[:1, :1], 0),
    }


@pytest.mark.parametrize('kind', kinds())
def test_three_channels_of_eight_bits(tmp_path: Path, kind: str) -> None:
    content, shown, off = kinds()[kind]
    file = tmp_path / 'grün 花.img'
    file.write_bytes(content)
    image = decode_photo(str(file))
    assert image.dtype == np.uint8
    assert image.shape == shown.shape
    difference = np.abs(image[..., ::-1].astype(int) - shown.astype(int))
    assert difference.mean() <= off


def broken_kinds() -> dict[str, bytes]:
    """Content that is no photo, or not a whole one."""
    noise = Image.fromarray(NOISE)
    small = BytesIO()
    Image.fromarray(RGB).save(small, 'JPEG')
    thumbnail = Image.Exif()
    thumbnail[0x10E] = small.getvalue().decode('latin1')
    wholes = {
        'JPEG': encoded(noise, 'JPEG'),
        'progressive JPEG': encoded(noise, 'JPEG', progressive=True),
        'JPEG with a thumbnail': encoded(noise, 'JPEG', exif=thumbnail),
        'PNG': encoded(noise, 'PNG'),
        'WebP': encoded(noise, 'WEBP'),
        'BMP': encoded(noise, 'BMP'),
        'TIFF': encoded(noise, 'TIFF'),
        'PPM': encoded(noise, 'PPM'),
    }
    found = {
        f'half a {kind}': whole[: len(whole) // 2] for kind, whole in wholes.items()
    }
    found |= {f'{kind} without end': w[:-40] for kind, w in wholes.items()}
    flipped = bytearray(wholes['PNG'])
    flipped[len(flipped) // 2] ^= 255
    depth = Image.fromarray(GREY.astype(np.float32) / 255)
    return {
        **found,
        'PNG with a wrong checksum': bytes(flipped),
        'text': b'<html>Not Found</html>',
        'float': encoded(depth, 'TIFF'),
        'nothing': b'',
    }


@pytest.mark.parametrize('kind', broken_kinds())
def test_what_is_refused(tmp_path: Path, kind: str) -> None:
    file = tmp_path / 'a photo.jpg'
    file.write_bytes(broken_kinds()[kind])
    with pytest.raises(BrokenFileError, match=r"photo '.*a photo\.jpg'"):
        decode_photo(str(file))


@pytest.mark.parametrize('kind', ['JPEG', 'progressive JPEG', 'JPEG with a thumbnail'])
def test_an_end_is_missed_before_it_is_decoded(tmp_path: Path, kind: str) -> None:
    # OpenCV 4 fills the rest with grey, and WebP every version.
    file = tmp_path / 'a.jpg'
    for name in (f'half a {kind}', f'{kind} without end', 'half a WebP'):
        file.write_bytes(broken_kinds()[name])
        with pytest.raises(BrokenFileError, match='cut off: its end is missing'):
            check_photo(str(file))


@pytest.mark.parametrize('side', [14_000, 40_000])
def test_a_huge_photo_is_refused_before_it_is_decoded(
    tmp_path: Path, side: int
) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack('>I', zlib.crc32(kind + content))
        return struct.pack('>I', len(content)) + kind + content + check

    head = struct.pack('>IIBBBBB', side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    file = tmp_path / 'bomb.png'
    file.write_bytes(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', rows))
    with pytest.raises(BrokenFileError, match='Make it smaller'):
        check_photo(str(file))


@pytest.mark.parametrize('form', ['PNG', 'JPEG', 'WebP', 'BMP'])
@pytest.mark.parametrize('size', [(1, 12_000), (12_000, 1), (1, 2731), (3, 8193)])
def test_a_strip_is_refused_before_it_is_decoded(
    tmp_path: Path, form: str, size: tuple[int, int]
) -> None:
    (tmp_path / 'strip.img').write_bytes(encoded(Image.new('RGB', size), form))
    with pytest.raises(BrokenFileError, match=f'{size[0]} x {size[1]} pixels: scaled'):
        check_photo(str(tmp_path / 'strip.img'))


@pytest.mark.parametrize('size', [(1, 100), (3300, 32), (1, 2730)])
def test_a_narrow_photo_is_none(tmp_path: Path, size: tuple[int, int]) -> None:
    (tmp_path / 'narrow.png').write_bytes(encoded(Image.new('RGB', size), 'PNG'))
    assert decode_photo(str(tmp_path / 'narrow.png')).shape[:2] == size[::-1]


def test_files_that_are_none(tmp_path: Path) -> None:
    for name, reason in (('none.jpg', 'no such file'), ('', 'Is a directory')):
        with pytest.raises(BrokenFileError, match=reason):
            check_photo(str(tmp_path / name))


def test_the_machine_is_not_blamed_on_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'a.png').write_bytes(encoded(Image.fromarray(RGB), 'PNG'))

    def full(*_: object) -> None:
        error = cv2.error('no memory')
        error.code, error.err = cv2.Error.StsNoMem, 'no memory'
        raise error

    monkeypatch.setattr(cv2, 'imdecode', full)
    with pytest.raises(MemoryError):
        decode_photo(str(tmp_path / 'a.png'))
