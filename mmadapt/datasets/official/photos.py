"""Whether photos are there and decode."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from ..journal import drop_torn_line, mark_of, read_journal
from .findings import Findings
from .progress import Progress

__all__ = ['check_photos', 'fault_of']

# What both Pillow and OpenCV read. Sites send a GIF for a photo that is gone.
FORMATS = ('JPEG', 'MPO', 'PNG', 'BMP', 'PPM', 'TIFF', 'WEBP')

BLOCK = 2048  # photos between two entries in the journal


def check_photos(
    photos: Sequence[Path], findings: Findings, journal: Path, workers: int = 4
) -> None:
    """Decode every photo, and note those that are missing or don't decode.

    Args:
        photos: The files.
        findings: Where faults are noted.
        journal: A file that remembers what decoded, by size and time of change, so
            that an interrupted check goes on where it was.
        workers: Number of threads; decoding doesn't hold Python's lock.
    """
    known = read_journal(journal)
    journal.parent.mkdir(parents=True, exist_ok=True)
    drop_torn_line(journal)
    with (
        warnings.catch_warnings(),
        ThreadPoolExecutor(max(workers, 1)) as pool,
        journal.open('a', encoding='utf-8') as file,
        Progress(len(photos), 'decoding photos') as bar,
    ):
        warnings.simplefilter('ignore')  # odd EXIF, which the training ignores too
        for block in blocks(photos):
            marks = [mark_of(photo) for photo in block]
            fresh = [p for p, m in zip(block, marks) if m is None or m not in known]
            faults = dict(zip(fresh, pool.map(fault_of, fresh)))
            for photo, mark in zip(block, marks):
                fault = faults.get(photo)
                if fault:
                    kind = 'missing' if mark is None else 'undecodable'
                    findings.add(kind, photo, fault)
                elif photo in faults:
                    file.write(f'{mark}\n')
            file.flush()
            bar.advance(len(block))


def fault_of(photo: Path) -> str | None:
    """Why a photo can't be used, None where it can."""
    if not photo.is_file():
        return 'no such file'
    try:
        with Image.open(photo) as image:
            image.load()  # the whole file: opening reads the header alone
            kind = image.format
    # Pillow's decoders fail in their own ways.
    except Exception as error:
        return f'{type(error).__name__}: {error}'
    return None if kind in FORMATS else f'{kind}, not one of {", ".join(FORMATS)}'


def blocks(photos: Sequence[Path]) -> Iterator[Sequence[Path]]:
    """The photos, some at a time."""
    for start in range(0, len(photos), BLOCK):
        yield photos[start : start + BLOCK]
