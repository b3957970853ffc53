"""Makes the lists of HMDB51's official splits from its download.

    python tools/data/hmdb51.py data/hmdb51

``data/hmdb51`` holds testTrainMulti_7030_splits (unpacked from test_train_splits.rar)
and a folder of clips for each class (each a .rar inside hmdb51_org.rar), as they are or
in hmdb51_org/ or videos/. Every clip is decoded, then splitN/train.csv, val.csv and
test.csv (the same clips) and classes.txt are written for each split. --split 1 makes
the paper's alone. docs/datasets_video.md says where to get the data.
"""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

from mmadapt import launch
from mmadapt.datasets.lists import Entry, read_list
from mmadapt.datasets.video_check import compare_counts
from mmadapt.datasets.video_lists import Clip, add_arguments, prepare_lists
from mmadapt.errors import DataError

CLASSES = 51
PER_CLASS = {1: 70, 2: 30}
"""Clips of a class with each flag: 1 trains, 2 tests, 0 is in neither.

https://serre-lab.clps.brown.edu/resource/hmdb-a-large-human-motion-database/
"""

SPLITS = 'testTrainMulti_7030_splits'
FILE = re.compile(r'(?P<name>.+)_test_split(?P<split>[123])\.txt')


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Prepare HMDB51.')
    parser.add_argument('root', type=Path, help='folder of the download')
    parser.add_argument('--splits', type=Path, help=f'folder of the files of {SPLITS}')
    parser.add_argument('--videos', type=Path, help='folder of the folders of clips')
    parser.add_argument(
        '--split', type=int, nargs='+', choices=[1, 2, 3], default=[1, 2, 3],
        help='splits to make lists of; all',
    )  # fmt: skip
    add_arguments(parser)
    return parser.parse_args(argv)


def main() -> None:
    """Read the splits, compare the counts, check the clips, write the lists."""
    args = parse_args()
    folder = find_splits(args)
    classes = read_classes(folder)
    compare_counts({'classes': len(classes)}, {'classes': CLASSES}, args.subset)
    videos = find_videos(args, classes)
    lists: dict[str, list[Clip]] = {}
    for split in dict.fromkeys(args.split):
        parts = read_split(folder, split, classes, videos)
        compare_split(parts, split, classes, args.subset)
        lists[f'split{split}/train.csv'] = parts[1]
        lists[f'split{split}/val.csv'] = lists[f'split{split}/test.csv'] = parts[2]
    prepare_lists(args, args.out or args.root, lists, classes)


def find_splits(args: Namespace) -> Path:
    """The folder of the split files.

    Raises:
        DataError: It is nowhere.
    """
    usual = [args.root / SPLITS, args.root / 'test_train_splits' / SPLITS]
    places = [args.splits] if args.splits else usual
    for place in places:
        if place.is_dir():
            return place
    raise DataError(
        f'no folder {" or ".join(map(str, places))}. Unpack test_train_splits.rar in '
        f'{args.root}, or name the folder by --splits.'
    )


def read_classes(folder: Path) -> list[str]:
    """Names of the classes in a folder of split files, in label order: sorted.

    Raises:
        DataError: No such file.
    """
    matches = [FILE.fullmatch(file.name) for file in folder.iterdir()]
    names = sorted({match['name'] for match in matches if match})
    if not names:
        raise DataError(
            f'{folder} holds no CLASS_test_split1.txt. Unpack test_train_splits.rar '
            'there, or name its folder by --splits.'
        )
    return names


def find_videos(args: Namespace, classes: Sequence[str]) -> Path:
    """The folder that holds a folder of clips for the classes.

    Raises:
        DataError: There is none.
    """
    usual = [args.root, args.root / 'hmdb51_org', args.root / 'videos']
    places = [args.videos] if args.videos else usual
    for place in places:
        if any((place / name).is_dir() for name in classes):
            return place
    packed = [
        p for p in places if any((p / f'{name}.rar').is_file() for name in classes)
    ]
    if packed:
        raise DataError(
            f'{packed[0]} holds {classes[0]}.rar and the like, still packed. Unpack '
            f'each there: cd {packed[0]}; for f in *.rar; do unrar x $f; done'
        )
    raise DataError(
        f'no folder {classes[0]} of clips in {" or ".join(map(str, places))}. Unpack '
        'hmdb51_org.rar and the .rar of each class, or name the folder by --videos.'
    )


def read_split(
    folder: Path, split: int, classes: Sequence[str], videos: Path
) -> dict[int, list[Clip]]:
    """The clips with the flags 1 and 2 of one split.

    Args:
        folder: Of the split files, ``NAME.avi FLAG`` a line.
        split: 1 to 3.
        classes: Names, in label order.
        videos: Of the folders of clips.

    Raises:
        DataError: A file is missing, a line can't be read, a clip stands there twice.
    """
    parts: dict[int, list[Clip]] = {1: [], 2: []}
    for label, name in enumerate(classes):
        file = folder / f'{name}_test_split{split}.txt'
        entries = read_list(file)
        refuse_odd(file, entries)
        for entry in entries:
            if entry.label in parts:
                parts[entry.label].append(Clip(videos / name / entry.path, label))
    return parts


def refuse_odd(file: Path, entries: Sequence[Entry]) -> None:
    """Refuse flags that mean nothing, and clips named twice.

    Raises:
        DataError: With the line.
    """
    seen: dict[str, int] = {}
    for line, path, flag in entries:
        if flag not in (0, *PER_CLASS):
            raise DataError(
                f'{file}, line {line}: flag {flag}; allowed: 0 (not used), 1 '
                '(training) and 2 (test).'
            )
        if path in seen:
            raise DataError(
                f'{file}, line {line}: {path!r} stands there twice, first in line '
                f'{seen[path]}.'
            )
        seen[path] = line


def compare_split(
    parts: dict[int, list[Clip]], split: int, classes: Sequence[str], subset: bool
) -> None:
    """Refuse other counts than 70 and 30 a class, which make 3570 and 1530.

    Raises:
        DataError: Counts differ.
    """
    found, published = {}, {}
    for flag, use in ((1, 'training'), (2, 'test')):
        total = f'split {split}, {use} clips'
        found[total], published[total] = len(parts[flag]), PER_CLASS[flag] * CLASSES
        counts = Counter(clip.label for clip in parts[flag])
        for label, name in enumerate(classes):
            found[f'{total} of {name}'] = counts[label]
            published[f'{total} of {name}'] = PER_CLASS[flag]
    compare_counts(found, published, subset)


if __name__ == '__main__':
    launch.run(main)
