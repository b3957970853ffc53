"""Clips copied packet by packet, as cutters, recorders and joiners leave them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

Change = Callable[[Any], None]
TABLES = (b'moov', b'trak', b'mdia', b'minf', b'stbl')


def remux(
    sources: Sequence[Path],
    target: Path,
    shift: int = 0,
    change: Change | None = None,
    prefix: bytes | Sequence[bytes] = b'',
    turned: int = 0,
    options: Mapping[str, str] = MappingProxyType({}),
) -> Path:
    """Copy the packets of clips, one clip behind the other.

    Args:
        sources: The clips.
        target: The copy.
        shift: Frames by which all is shown later.
        change: What is done to each packet.
        prefix: Bytes in front of each packet's; of several the last goes on.
        turned: Degrees, to be said by the container.
        options: Of the container.
    """
    import av

    options = {'avoid_negative_ts': 'disabled', **options}
    front, number = [prefix] if isinstance(prefix, bytes) else [*prefix], 0
    with av.open(str(target), 'w', options=options) as new:
        copy: Any = None
        for source in sources:
            with av.open(str(source)) as old:
                stream = old.streams.video[0]
                if copy is None:
                    copy = new.add_stream_from_template(stream)
                    if turned:
                        copy.set_display_rotation(turned)
                step = round(1 / stream.average_rate / stream.time_base)
                for packet in old.demux(stream):
                    if packet.dts is None:
                        continue
                    made = av.Packet(front[min(number, len(front) - 1)] + bytes(packet))
                    number += 1
                    made.time_base, made.duration = packet.time_base, packet.duration
                    made.is_keyframe = packet.is_keyframe
                    made.pts = packet.pts + shift * step
                    made.dts = packet.dts + shift * step
                    if change is not None:
                        change(made)
                    made.stream = copy
                    new.mux(made)
            shift += stream.frames
    return target


def sei(kind: int, payload: bytes) -> bytes:
    """What an h264 picture says of itself, in front of it: H.264, 7.3.2.3."""
    unit = bytes([6, kind, len(payload)]) + payload + b'\x80'
    return struct.pack('>I', len(unit)) + unit


GRAIN = sei(19, bytes.fromhex('00a00200ff0190100828'))
"""Film grain on the brightness, by frequency: Annex D.1.21."""

ON_ITS_SIDE = sei(47, bytes.fromhex('080014'))
"""Show it turned by a quarter, for this picture alone: Annex D.1.27."""


def join(first: Path, second: Path, target: Path) -> Path:
    """Two clips of one size in one, each with the parameters of its own."""
    remux([first, second], target)
    content = bytearray(target.read_bytes())
    entry = table(second.read_bytes(), b'stsd')[16:]
    own = table(content, b'stsd')
    replace(content, b'stsd', own[8:12] + struct.pack('>I', 2) + own[16:] + entry)
    sizes = table(content, b'stsz')
    count = struct.unpack('>I', sizes[16:20])[0]
    place = struct.unpack('>I', table(content, b'stco')[16:20])[0]
    places = []
    for size in struct.unpack(f'>{count}I', sizes[20:]):
        places.append(place)
        place += size
    # A chunk for each picture, the second half of them by the second entry.
    replace(content, b'stco', struct.pack(f'>2I{count}I', 0, count, *places))
    half = count // 2 + 1
    replace(content, b'stsc', struct.pack('>8I', 0, 2, 1, 1, 1, half, 1, 2))
    target.write_bytes(content)
    return target


def path_of(content: bytes, name: bytes) -> list[tuple[int, int]]:
    """Where a table of an mp4 is, and what it is in: places and sizes."""
    found, start = [], 0
    for wanted in (*TABLES, name):
        while content[start + 4 : start + 8] != wanted:
            start += struct.unpack('>I', content[start : start + 4])[0]
        found.append((start, struct.unpack('>I', content[start : start + 4])[0]))
        start += 8
    return found


def table(content: bytes, name: bytes) -> bytes:
    """A table with its size and name."""
    start, size = path_of(bytes(content), name)[-1]
    return bytes(content[start : start + size])


def replace(content: bytearray, name: bytes, body: bytes) -> None:
    """Put another content into a table, which stands behind the pictures."""
    *around, (start, size) = path_of(bytes(content), name)
    content[start : start + size] = struct.pack('>I', len(body) + 8) + name + body
    for outer, length in around:
        content[outer : outer + 4] = struct.pack('>I', length + len(body) + 8 - size)
