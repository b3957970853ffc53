"""Unpacking leads nowhere else, and goes on where it was."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from mmadapt.datasets.official import unpack, unpack_nested
from mmadapt.datasets.official.archives import check_md5
from mmadapt.errors import DataError
from tests.test_tools.test_data.downloads import tar_of


def write_link(file: Path, target: str) -> None:
    with tarfile.open(file, 'w') as tar:
        member = tarfile.TarInfo('link')
        member.type = tarfile.SYMTYPE
        member.linkname = target
        tar.addfile(member)


@pytest.mark.parametrize('name', ['../outside.txt', 'a/../../outside.txt', '/outside'])
def test_a_member_outside_the_folder(tmp_path: Path, name: str) -> None:
    archive = tmp_path / 'a.tar'
    archive.write_bytes(tar_of({name: b'x'}))
    with pytest.raises(DataError, match='not safe to unpack'):
        unpack(archive, tmp_path / 'in')
    assert not list(tmp_path.rglob('outside*'))


def test_an_inner_member_outside_the_folder(tmp_path: Path) -> None:
    archive = tmp_path / 'a.tar'
    inner = tar_of({'../../outside.txt': b'x'})
    archive.write_bytes(tar_of({'n01.tar': inner}))
    with pytest.raises(DataError, match='not safe to unpack'):
        unpack_nested(archive, tmp_path / 'in')
    assert not list(tmp_path.rglob('outside.txt'))


@pytest.mark.parametrize('target', ['/etc/passwd', 'inside.txt'])
def test_links_are_refused(tmp_path: Path, target: str) -> None:
    write_link(tmp_path / 'a.tar', target)
    with pytest.raises(DataError, match='not safe|is a link'):
        unpack(tmp_path / 'a.tar', tmp_path / 'in')
    assert not (tmp_path / 'in' / 'link').exists()


def test_a_checksum_behind_the_last_file_is_read(tmp_path: Path) -> None:
    archive = tmp_path / 'a.tar.gz'
    content = bytearray(tar_of({'a': b'x' * 100}, 'w:gz'))
    content[-6] ^= 1  # in the checksum of gzip
    archive.write_bytes(content)
    with pytest.raises(DataError, match='cut off'):
        unpack(archive, tmp_path / 'in')


@pytest.mark.parametrize('content', [b'', b'<html>not found</html>' * 100])
def test_no_archive(tmp_path: Path, content: bytes) -> None:
    (tmp_path / 'a.tar').write_bytes(content)
    with pytest.raises(DataError, match='no tar archive'):
        unpack(tmp_path / 'a.tar', tmp_path / 'in')


def test_half_a_file_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    (tmp_path / 'a.tar').write_bytes(tar_of({'a/b': b'whole'}))
    (tmp_path / 'in' / 'a').mkdir(parents=True)
    (tmp_path / 'in' / 'a' / 'b').write_bytes(b'wh')
    unpack(tmp_path / 'a.tar', tmp_path / 'in')
    assert (tmp_path / 'in' / 'a' / 'b').read_bytes() == b'whole'
    assert not list(tmp_path.rglob('*.part'))


def test_md5(tmp_path: Path) -> None:
    (tmp_path / 'a').write_bytes(b'')
    check_md5(tmp_path / 'a', 'd41d8cd98f00b204e9800998ecf8427e')
    with pytest.raises(DataError, match='d41d8cd.*published is 00'):
        check_md5(tmp_path / 'a', '00')


def test_members_get_another_place(tmp_path: Path) -> None:
    content = tar_of({f'{i}': bytes(600) for i in range(50)}, 'w:gz')
    (tmp_path / 'a.tar.gz').write_bytes(content)
    unpack(tmp_path / 'a.tar.gz', tmp_path / 'in', lambda name: f'part/{name}')
    assert len(list((tmp_path / 'in' / 'part').iterdir())) == 50
