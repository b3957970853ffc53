"""Which pictures of h264 can be decoded from, by an encoder that says so itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmadapt.datasets.packets import Packets
from mmadapt.datasets.refresh import is_refresh
from tests.test_datasets.clips import write_moving


@pytest.mark.parametrize('ending', ['mp4', 'mkv'])
@pytest.mark.parametrize(
    ('params', 'refreshed'),
    [('open-gop=0', True), ('open-gop=1', False), ('intra-refresh=1', False)],
)
def test_a_key_frame_of_an_open_group_is_none(
    params: str, refreshed: bool, ending: str, tmp_path: Path
) -> None:
    options = {'x264-params': f'{params}:scenecut=0:bframes=3'}
    file = write_moving(tmp_path / f'a.{ending}', gop=10, options=options)
    opened = Packets(str(file))
    keys = [packet.is_keyframe for packet in opened.packets]
    assert opened.starts[0] and sum(keys) > 1
    assert (opened.starts == keys) is refreshed
    assert sum(opened.starts) == (sum(keys) if refreshed else 1)


@pytest.mark.parametrize('width', [1, 2, 4])
def test_units_are_told_apart_by_their_lengths(width: int) -> None:
    setup = bytes([1, 100, 0, 30, 0xFC | (width - 1), 0xE1])

    def packet(*units: bytes) -> memoryview:
        parts = [len(unit).to_bytes(width, 'big') + unit for unit in units]
        return memoryview(b''.join(parts))

    assert is_refresh(packet(bytes([0x67, 5, 5]), bytes([0x65, 1])), setup)
    assert not is_refresh(packet(bytes([0x67, 0x65, 0x65]), bytes([0x41])), setup)
    assert not is_refresh(memoryview(b''), setup)


@pytest.mark.parametrize('setup', [b'', bytes([0, 0, 0, 1, 0x67, 100])])
def test_units_without_lengths_are_not_looked_at(setup: bytes) -> None:
    assert not is_refresh(memoryview(bytes([0, 0, 0, 1, 0x65])), setup)
