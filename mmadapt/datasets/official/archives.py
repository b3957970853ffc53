"""Unpacking official archives."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from ...errors import DataError
from .progress import Progress

__all__ = ['check_md5', 'md5_of', 'unpack', 'unpack_nested']

BROKEN = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error)


def unpack(archive: Path, folder: Path, rename: Callable[[str], str] = str) -> None:
    """Unpack a tar archive, compressed or not; files that are there stay.

    Every file is written under another name and renamed when it is whole, so that an
    unpacking that was interrupted goes on where it was.

    Args:
        archive: The archive, which isn't changed.
        folder: Where to.
        rename: Name of a member to its path in ``folder``.

    Raises:
        DataError: It is cut off, no tar archive, or leads out of the folder.
    """
    with opened(archive) as (tar, step):
        for member in tar:
            path = rename(safe_name(archive, member))
            write_member(tar, member, folder / path)
            step()


def unpack_nested(archive: Path, folder: Path) -> None:
    """Unpack a tar archive of tar archives, ``<name>.tar`` into ``folder/<name>``.

    Args:
        archive: The archive, which isn't changed.
        folder: Where to; files that are there stay.

    Raises:
        DataError: As :func:`unpack`.
    """
    with opened(archive) as (outer, step):
        for member in outer:
            content = outer.extractfile(member) if member.isreg() else None
            if content is None:
                continue
            name = safe_name(archive, member).removesuffix('.tar')
            with tarfile.open(fileobj=content, mode='r:') as inner:
                for photo in inner:
                    path = safe_name(archive, photo)
                    write_member(inner, photo, folder / name / path)
                    step()


@contextmanager
def opened(archive: Path) -> Iterator[tuple[tarfile.TarFile, Callable[[], None]]]:
    """An archive that is read to its end, and what moves the progress bar.

    Raises:
        DataError: It is cut off, or no tar archive.
    """
    size = archive.stat().st_size
    try:
        with (
            archive.open('rb') as raw,
            tarfile.open(fileobj=raw, mode='r:*') as tar,
            Progress(size, f'unpacking {archive.name}') as bar,
        ):
            yield tar, lambda: bar.update(raw.tell())
            # The checksum of a compressed archive comes last.
            while tar.fileobj is not None and tar.fileobj.read(1 << 20):
                pass
    except BROKEN as error:
        raise DataError(
            f'{archive} is cut off, or no tar archive ({type(error).__name__}: '
            f'{error}). Download it again.'
        ) from error


def safe_name(archive: Path, member: tarfile.TarInfo) -> str:
    """A member's name, which stays inside the folder that it is unpacked to.

    The filters of :mod:`tarfile` say the same, from Python 3.10.12 and 3.11.4 on.

    Raises:
        DataError: It leads out of the folder.
    """
    path = PurePosixPath(member.name)
    if path.is_absolute() or '..' in path.parts or '\\' in member.name:
        raise DataError(
            f'{archive} is not safe to unpack: {member.name!r} would be written '
            'outside its folder. Download it again.'
        )
    return str(path)


def write_member(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    """Write one file of an archive, unless it is there.

    Raises:
        DataError: It is neither file nor folder.
    """
    if member.isdir():
        return
    content = tar.extractfile(member) if member.isreg() else None
    if content is None:
        raise DataError(
            f'{member.name!r} is a link or a device; an official archive holds files '
            'and folders alone.'
        )
    if target.is_file() and target.stat().st_size == member.size:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f'{target.name}.part')
    with partial.open('wb') as out:
        shutil.copyfileobj(content, out, 1 << 20)
    os.replace(partial, target)


def md5_of(file: Path) -> str:
    """The MD5 checksum of a file, in hexadecimal."""
    digest = hashlib.md5(usedforsecurity=False)
    with file.open('rb') as content:
        while block := content.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def check_md5(file: Path, published: str) -> None:
    """Refuse a file with another checksum than the published one.

    Raises:
        DataError: With both.
    """
    found = md5_of(file)
    if found != published:
        raise DataError(
            f'{file} is not the published file: its MD5 is {found}, published is '
            f'{published}. Download it again.'
        )
