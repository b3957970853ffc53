"""Small imitations of SSv2 and HMDB51 as they are after their download."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tests.test_datasets.clips import write_clip

SPLITS = 'testTrainMulti_7030_splits'


def write_ssv2(
    root: Path,
    classes: int = 174,
    labels_in: str = '',
    prefix: str = 'something-something-v2-',
    codec: str = 'libvpx-vp9',
    suffix: str = '.webm',
) -> Path:
    """One training clip a class, and three for validation, all one file."""
    names = [
        f'Putting something on number {label} of something' for label in range(classes)
    ]
    videos = root / '20bn-something-something-v2'
    first = write_clip(videos / f'0{suffix}', 34, 64, 48, codec)

    def sample(number: int, label: int) -> dict[str, Any]:
        if not (videos / f'{number}{suffix}').exists():
            os.link(first, videos / f'{number}{suffix}')
        return {
            'id': str(number),
            'label': f'putting a cup on number {label} of shelves',
            'template': f'Putting [something] on number {label} of [something]',
            'placeholders': ['a cup', 'shelves'],
        }

    folder = root / labels_in
    folder.mkdir(exist_ok=True)
    # Not in label order, as the official file, whose order is by name.
    labels = {name: str(label) for label, name in reversed(list(enumerate(names)))}
    contents = {
        'labels': labels,
        'train': [sample(label, label) for label in range(classes)],
        'validation': [sample(1000 + i, i * (classes - 1) // 2) for i in range(3)],
        'test': [{'id': '9999'}],
    }
    for part, content in contents.items():
        (folder / f'{prefix}{part}.json').write_text(json.dumps(content))
    return root


def odd_name(name: str, number: int) -> str:
    """A file name such as those of HMDB51."""
    return f'#20_Rhythm!_[{name}];_({number})_u_nm np1.avi'


def write_hmdb51(
    root: Path, classes: int = 51, flags: tuple[int, ...] = (1, 2, 0), below: str = ''
) -> Path:
    """A clip a class for each flag, all one file; split 2 has them in reverse."""
    names = [f'do_{label:02d}' for label in range(classes)]
    first = write_clip(root / 'first.avi', 34, 64, 48, 'mpeg4')
    (root / SPLITS).mkdir()
    for name in names:
        (root / below / name).mkdir(parents=True)
        clips = [odd_name(name, number) for number in range(len(flags))]
        for clip in clips:
            os.link(first, root / below / name / clip)
        for split, given in ((1, flags), (2, flags[::-1]), (3, flags)):
            lines = [
                f'{clip} {flag} \n' for clip, flag in zip(clips, given, strict=True)
            ]
            (root / SPLITS / f'{name}_test_split{split}.txt').write_text(''.join(lines))
    first.unlink()
    return root
