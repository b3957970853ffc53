"""Makes the lists of Something-Something V2 from its official download.

    python tools/data/ssv2.py data/ssv2

``data/ssv2`` holds the annotations (something-something-v2-labels.json, -train.json and
-validation.json, or labels/{labels,train,validation}.json of the newer archive) and the
folder 20bn-something-something-v2 with the clips, webm or mp4. Every clip is decoded,
then train.csv, val.csv, test.csv (the validation clips again, as in the paper) and
classes.txt are written. docs/datasets_video.md says where to get the data.
"""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

from mmadapt import launch
from mmadapt.datasets.video_check import compare_counts
from mmadapt.datasets.video_lists import Clip, add_arguments, prepare_lists
from mmadapt.errors import DataError, did_you_mean

PUBLISHED = {'classes': 174, 'train': 168_913, 'validation': 24_777}
"""https://www.qualcomm.com/developer/software/something-something-v-2-dataset"""

PREFIXES = ('something-something-v2-', '')
SUFFIXES = ('.mp4', '.webm')  # the first one found counts: mp4 decodes faster


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Prepare Something-Something V2.')
    parser.add_argument('root', type=Path, help='folder of the download')
    parser.add_argument('--annotations', type=Path, help='folder of the JSON files')
    parser.add_argument('--videos', type=Path, help='folder of the clips')
    add_arguments(parser)
    return parser.parse_args(argv)


def main() -> None:
    """Read the annotations, compare the counts, check the clips, write the lists."""
    args = parse_args()
    folders = (
        [args.annotations] if args.annotations else [args.root, args.root / 'labels']
    )
    labels = read_labels(find_annotation(folders, 'labels'))
    wanted = {
        part: read_samples(find_annotation(folders, part), labels)
        for part in ('train', 'validation')
    }
    counts = {part: len(samples) for part, samples in wanted.items()}
    compare_counts({'classes': len(labels), **counts}, PUBLISHED, args.subset)
    videos = args.videos or args.root / '20bn-something-something-v2'
    names = index_clips(videos)
    clips = {
        part: [
            Clip(videos / names.get(name, f'{name}.webm'), label)
            for name, label in samples.items()
        ]
        for part, samples in wanted.items()
    }
    lists = {
        'train.csv': clips['train'],
        'val.csv': clips['validation'],
        'test.csv': clips['validation'],
    }
    prepare_lists(args, args.out or args.root, lists, sorted(labels, key=labels.get))


def find_annotation(folders: list[Path], part: str) -> Path:
    """The JSON file of one part, in the old or the new naming.

    Raises:
        DataError: It is nowhere.
    """
    names = [f'{prefix}{part}.json' for prefix in PREFIXES]
    for folder in folders:
        for name in names:
            if (folder / name).is_file():
                return folder / name
    raise DataError(
        f'no {" or ".join(names)} in {" or ".join(map(str, folders))}. Unpack the '
        'archive of the labels there, or name its folder by --annotations.'
    )


def read_json(file: Path, kind: type) -> Any:
    """A JSON file that holds a list or a dict.

    Raises:
        DataError: It isn't JSON, or of another kind.
    """
    try:
        content = json.loads(file.read_text(encoding='utf-8'))
    except ValueError as error:  # of the encoding, or of the syntax
        raise DataError(f'{file} is not JSON ({error}). Download it again.') from error
    if not isinstance(content, kind) or not content:
        raise DataError(
            f'{file}: a JSON {kind.__name__} with entries is expected. Download it '
            'again.'
        )
    return content


def read_labels(file: Path) -> dict[str, int]:
    """Class name to label: ``{"Approaching something with your camera": "0", ...}``.

    Raises:
        DataError: The labels don't run from 0 on without a gap.
    """
    content = read_json(file, dict)
    texts = {name: str(value) for name, value in content.items()}
    labels = {name: int(text) for name, text in texts.items() if text.isdecimal()}
    if sorted(labels.values()) != list(range(len(content))):
        raise DataError(
            f'{file}: the labels of its {len(content)} classes are not 0 to '
            f'{len(content) - 1}, each once. Download it again.'
        )
    return labels


def read_samples(file: Path, labels: Mapping[str, int]) -> dict[str, int]:
    """Clip name to label; a template without its brackets is the class name.

    Args:
        file: ``[{"id": "78687", "template": "Holding [something] ...", ...}, ...]``.
        labels: Class name to label.

    Raises:
        DataError: An entry without these fields, a clip named twice, or a template
            that is no class.
    """
    samples: dict[str, int] = {}
    for number, entry in enumerate(read_json(file, list), start=1):
        if not isinstance(entry, dict) or not {'id', 'template'} <= entry.keys():
            raise DataError(f'{file}, entry {number}: no "id" and "template": {entry}.')
        name, template = str(entry['id']), str(entry['template'])
        text = template.replace('[', '').replace(']', '')
        if text not in labels:
            raise DataError(
                f'{file}, entry {number} (clip {name}): the template {template!r} is '
                f'none of the {len(labels)} classes.{did_you_mean(text, labels)}'
            )
        if name in samples:
            raise DataError(f'{file}, entry {number}: clip {name} stands there twice.')
        samples[name] = labels[text]
    return samples


def index_clips(folder: Path) -> dict[str, str]:
    """Clip name to file name.

    Raises:
        DataError: No such folder, or no clip in it.
    """
    if not folder.is_dir():
        raise DataError(
            f'no folder {folder}. Unpack the archives of the clips there, or name '
            'their folder by --videos.'
        )
    files = {entry.name for entry in os.scandir(folder)}
    found = {
        Path(name).stem: name
        for suffix in reversed(SUFFIXES)
        for name in files
        if Path(name).suffix == suffix
    }
    if not found:
        raise DataError(
            f'{folder} holds no {" or ".join(SUFFIXES)} file. Join the parts of the '
            'download and unpack them: cat 20bn-something-something-v2-?? | tar zx'
        )
    return found


if __name__ == '__main__':
    launch.run(main)
