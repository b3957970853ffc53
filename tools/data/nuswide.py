"""NUS-WIDE: ``python tools/data/nuswide.py DOWNLOAD --photos FOLDER``.

DOWNLOAD holds the unpacked Groundtruth, ImageList and ConceptsList of
https://lms.comp.nus.edu.sg/wp-content/uploads/2019/research/nuswide/NUS-WIDE.html, and
FOLDER the photos, which are sent on request: ``<folder>/<name>.jpg`` as in the image
lists, or all ``<name>.jpg`` in one folder. Written are classes.txt, train.jsonl and
test.jsonl, the official split; photos stay where they are.
"""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

from mmadapt import launch
from mmadapt.datasets.label_lists import LabelledFile, read_label_list
from mmadapt.datasets.lists import lines_of
from mmadapt.datasets.names import read_class_names
from mmadapt.datasets.official import (
    JOURNAL,
    Findings,
    check_photos,
    find_source,
    parse_args,
    prepare_and_check,
)
from mmadapt.errors import ConfigError, DataError

CONCEPTS = 81
COUNTS = {'train': 161_789, 'test': 107_859}


def prepare(source: Path, args: Namespace) -> None:
    """Write the classes and the two lists into ``out``."""
    if args.photos is None:
        raise ConfigError(
            'the photos are a separate download: name their folder, --photos FOLDER.'
        )
    if not args.photos.is_dir():
        raise ConfigError(f'--photos {args.photos}: no such folder of photos.')
    concepts = lines_of(find_text(source, 'Concepts81.txt'))
    names = [name.strip() for name in concepts if name.strip()]
    args.out.mkdir(parents=True, exist_ok=True)
    for split in COUNTS:
        title = split.title()
        listed = find_text(source, f'{title}Imagelist.txt', f'{split}Imagelist.txt')
        # Windows wrote them: actor\0001_2124494179.jpg
        photos = [line.strip().replace('\\', '/') for line in lines_of(listed)]
        photos = [photo for photo in photos if photo]
        labels: list[list[str]] = [[] for _ in photos]
        for name in names:
            file = find_text(source, f'Labels_{name}_{title}.txt')
            for own, positive in zip(labels, read_flags(file, len(photos))):
                if positive:
                    own.append(name)
        write_list(args, split, photos, labels)
    write_whole(args.out / 'classes.txt', names)


def find_text(source: Path, *names: str) -> Path:
    """A text file of the download, by its name, at its official place or anywhere."""
    for name in names:
        places = ('', 'ImageList', 'ConceptsList', 'Groundtruth/TrainTestLabels')
        for place in places:
            if (source / place / name).is_file():
                return source / place / name
        deeper = sorted(source.rglob(name))
        if deeper:
            return deeper[0]
    return find_source(source, *names)  # which says what is missing


def read_flags(file: Path, count: int) -> list[bool]:
    """Whether each photo shows a concept, one 0 or 1 a line.

    Raises:
        DataError: Another number of lines than photos, or another value.
    """
    values = [line.strip() for line in lines_of(file) if line.strip()]
    odd = next((n for n, value in enumerate(values) if value not in ('0', '1')), None)
    if odd is not None:
        raise DataError(f'{file}, label {odd + 1}: {values[odd]!r} is neither 0 nor 1.')
    if len(values) != count:
        raise DataError(
            f'{file} has {len(values):,} labels, the image list has {count:,} photos. '
            'Unpack Groundtruth and ImageList again.'
        )
    return [value == '1' for value in values]


def write_list(
    args: Namespace, split: str, photos: list[str], labels: list[list[str]]
) -> None:
    """Write one list, of the photos that count."""
    photo_root = args.photos.resolve()
    out = args.out.resolve()
    if photo_root.is_relative_to(out):  # so that the whole folder can be moved
        photo_root = photo_root.relative_to(out)
    flat = not any((args.photos / photo).is_file() for photo in photos)
    lines = []
    for photo, own in zip(photos, labels):
        if args.drop_unlabelled and not own:
            continue
        name = photo.rpartition('/')[2] if flat else photo
        if args.allow_missing and not (args.photos / name).is_file():
            continue
        entry = {'path': (photo_root / name).as_posix(), 'labels': own}
        lines.append(json.dumps(entry))
    write_whole(args.out / f'{split}.jsonl', lines)


def write_whole(file: Path, lines: list[str]) -> None:
    """Write a text file, which is whole or not there."""
    partial = file.with_name(f'{file.name}.part')
    partial.write_text('\n'.join([*lines, '']), encoding='utf-8')
    os.replace(partial, file)


def check(args: Namespace) -> None:
    """Hold classes, lists and photos against what is published."""
    names = read_class_names(args.out)
    args.findings.compare('classes', len(names or ()), CONCEPTS)
    listed: dict[str, list[LabelledFile]] = {}
    for split, published in COUNTS.items():
        file = args.out / f'{split}.jsonl'
        if not file.is_file():
            args.findings.add('missing', file, 'no such file')
            continue
        listed[split] = read_label_list(file)
        if args.allow_missing or args.drop_unlabelled:
            print(f'{split} photos: {len(listed[split]):,} of {published:,} published')
        else:
            args.findings.compare(f'{split} photos', len(listed[split]), published)
        check_labels(split, listed[split], names or [], args.findings)
    entries = [entry for part in listed.values() for entry in part]
    photos = [args.out / entry.path for entry in entries]
    if len({*photos}) != len(photos):
        twice = f'{len(photos) - len({*photos})} photos are listed twice'
        args.findings.add('count', 'train.jsonl and test.jsonl', twice)
    check_photos(photos, args.findings, args.out / JOURNAL, args.workers)


def check_labels(
    split: str, entries: list[LabelledFile], names: list[str], findings: Findings
) -> None:
    """Note labels that are no concept, and concepts without a photo."""
    found = {label for entry in entries for label in entry.labels}
    for name in sorted(found - {*names}):
        findings.add('label', f'{split}.jsonl: {name}', 'not in classes.txt')
    for name in names:
        if name not in found:
            findings.add('label', f'{split}.jsonl: {name}', 'no photo has it')
    without = sum(not entry.labels for entry in entries)
    print(f'{split} photos without any label: {without:,}, all-negative samples')


def main() -> None:
    """Prepare and check as the command line says."""
    parser = ArgumentParser()
    parser.add_argument('--photos', type=Path, help='folder of the photos')
    parser.add_argument(
        '--allow-missing',
        action='store_true',
        help='leave photos out that are not there; the result is no published one',
    )
    parser.add_argument(
        '--drop-unlabelled',
        action='store_true',
        help='leave photos out that have none of the 81 labels',
    )
    args = parse_args('Prepare and check NUS-WIDE.', 'data/nuswide', parser)
    prepare_and_check(args, prepare, check)


if __name__ == '__main__':
    launch.run(main)
