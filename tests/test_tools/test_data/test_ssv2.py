"""tools/data/ssv2.py on imitations of the download."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmadapt.datasets.lists import read_list
from mmadapt.errors import DataError
from tests.test_datasets.clips import cut, write_noise
from tests.test_tools.cli import load_tool, run_tool
from tests.test_tools.test_data.video_layouts import write_ssv2


@pytest.fixture
def prepare(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    return lambda *argv: run_tool(
        monkeypatch, 'data/ssv2', '--workers', 2, '--subset', *argv
    )


@pytest.mark.parametrize(
    'layout',
    [
        {},
        {'labels_in': 'labels', 'prefix': ''},
        {'codec': 'libx264', 'suffix': '.mp4'},
    ],
)
def test_lists(
    tmp_path: Path, prepare: Callable[..., None], layout: dict[str, str]
) -> None:
    prepare(write_ssv2(tmp_path, 5, **layout))
    suffix = layout.get('suffix', '.webm')
    folder = '20bn-something-something-v2'
    train, val, test = (
        [(e.path, e.label) for e in read_list(tmp_path / f'{part}.csv')]
        for part in ('train', 'val', 'test')
    )
    assert train == [(f'{folder}/{n}{suffix}', n) for n in range(5)]
    assert val == [(f'{folder}/{1000 + i}{suffix}', 2 * i) for i in range(3)]
    assert test == val
    classes = (tmp_path / 'classes.txt').read_text().splitlines()
    assert classes[3] == 'Putting something on number 3 of something'


def test_an_mp4_beside_the_webm_is_taken(
    tmp_path: Path, prepare: Callable[..., None]
) -> None:
    videos = write_ssv2(tmp_path, 2) / '20bn-something-something-v2'
    (videos / '1.mp4').write_bytes((videos / '1.webm').read_bytes())
    prepare(tmp_path)
    assert [Path(e.path).name for e in read_list(tmp_path / 'train.csv')] == [
        '0.webm',
        '1.mp4',
    ]


def test_folders_of_ones_own(tmp_path: Path, prepare: Callable[..., None]) -> None:
    root = write_ssv2(tmp_path / 'download', 2, labels_in='json')
    videos = root / '20bn-something-something-v2'
    prepare(
        tmp_path, '--annotations', root / 'json', '--videos', videos,
        '--out', tmp_path / 'out',
    )  # fmt: skip
    assert read_list(tmp_path / 'out' / 'train.csv')[0].path == f'{videos}/0.webm'


def test_broken_clips(tmp_path: Path, prepare: Callable[..., None]) -> None:
    videos = write_ssv2(tmp_path, 6) / '20bn-something-something-v2'
    for number in (1, 2, 3):
        (videos / f'{number}.webm').unlink()
    cut(write_noise(videos / '2.webm', 40, 'libvpx-vp9'))
    (videos / '3.webm').write_bytes(b'\0' * 2000)
    with pytest.raises(DataError, match=r'3 of 9 clips are broken.*1\.webm: missing'):
        prepare(tmp_path)
    named = (tmp_path / 'broken_clips.txt').read_text().splitlines()
    assert [Path(line.split('\t')[0]).stem for line in named] == ['1', '2', '3']
    assert 'cut off' in named[1] and 'can not be decoded' in named[2]
    prepare(tmp_path, '--skip-broken')
    assert [e.label for e in read_list(tmp_path / 'train.csv')] == [0, 4, 5]


def test_check_only_writes_no_list(
    tmp_path: Path, prepare: Callable[..., None]
) -> None:
    before = sorted(write_ssv2(tmp_path, 2).rglob('*'))
    prepare(tmp_path, '--check-only')
    assert sorted(tmp_path.rglob('*')) == before


def test_published_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_ssv2(tmp_path)
    tool = load_tool('data/ssv2')
    assert tool.PUBLISHED == {'classes': 174, 'train': 168_913, 'validation': 24_777}
    monkeypatch.setattr(sys, 'argv', ['ssv2', str(tmp_path), '--no-decode'])
    with pytest.raises(
        DataError, match='train: 174, published: 168,913; validation: 3'
    ):
        tool.main()
    assert not (tmp_path / 'train.csv').exists()
    tool.PUBLISHED.update(train=174, validation=3)
    tool.main()
    assert len(read_list(tmp_path / 'train.csv')) == 174


def edit(root: Path, part: str, change: Callable[[Any], Any]) -> None:
    file = root / f'something-something-v2-{part}.json'
    file.write_text(json.dumps(change(json.loads(file.read_text()))))


CHANGES = [
    (
        'train',
        lambda c: [*c[:2], {**c[2], 'template': 'Puting [a] on number 2 of something'}],
        r"train\.json, entry 3 \(clip 2\): the template 'Puting \[a\] on.*none of the "
        "3 classes. Did you mean 'Putting something on number 2",
    ),
    ('train', lambda c: [*c, c[0]], 'entry 4: clip 0 stands there twice'),
    ('validation', lambda c: [{'id': '7'}], 'entry 1: no "id" and "template"'),
    ('validation', lambda c: [], 'a JSON list with entries is expected'),
    ('train', lambda c: {'a': 1}, 'a JSON list'),
    ('labels', lambda c: {**c, 'More': '7'}, 'its 4 classes are not 0 to 3'),
    ('labels', lambda c: {**c, 'More': 'x'}, 'its 4 classes are not 0 to 3'),
]  # fmt: skip


@pytest.mark.parametrize(('part', 'change', 'text'), CHANGES)
def test_wrong_annotations_are_named(
    tmp_path: Path,
    prepare: Callable[..., None],
    part: str,
    change: Callable[[Any], Any],
    text: str,
) -> None:
    edit(write_ssv2(tmp_path, 3), part, change)
    with pytest.raises(DataError, match=text):
        prepare(tmp_path)


def test_what_is_no_json_is_named(tmp_path: Path, prepare: Callable[..., None]) -> None:
    file = write_ssv2(tmp_path, 2) / 'something-something-v2-train.json'
    for content in (file.read_bytes()[:-20], b'\xff\xfe['):
        file.write_bytes(content)
        with pytest.raises(DataError, match=r'train\.json is not JSON'):
            prepare(tmp_path)
    file.unlink()
    with pytest.raises(
        DataError, match=r'no something.*-train\.json or train\.json in'
    ):
        prepare(tmp_path)


def test_packed_clips_are_pointed_at(
    tmp_path: Path, prepare: Callable[..., None]
) -> None:
    videos = write_ssv2(tmp_path, 2) / '20bn-something-something-v2'
    for file in videos.iterdir():
        file.unlink()
    (videos / '20bn-something-something-v2-00').touch()
    with pytest.raises(DataError, match='holds no .mp4 or .webm.*tar zx'):
        prepare(tmp_path)
    with pytest.raises(DataError, match='no folder .*nowhere.*--videos'):
        prepare(tmp_path, '--videos', tmp_path / 'nowhere')
