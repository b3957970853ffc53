"""ImageNet-1k: ``python tools/data/imagenet.py DOWNLOAD --out data/imagenet``.

DOWNLOAD holds the files of https://www.image-net.org/challenges/LSVRC/2012/:
ILSVRC2012_img_train.tar, ILSVRC2012_img_val.tar and ILSVRC2012_devkit_t12.tar.gz, or
the unpacked folders train/<WordNet id>/ and val/. Photos of val/ that are in one folder
get their labels from the devkit.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

from scipy.io import loadmat

from mmadapt import launch
from mmadapt.datasets.lists import read_list
from mmadapt.datasets.names import folder_names
from mmadapt.datasets.official import (
    JOURNAL,
    check_photos,
    find_source,
    link,
    parse_args,
    prepare_and_check,
    unpack,
    unpack_nested,
)
from mmadapt.errors import DataError

DEVKIT = 'ILSVRC2012_devkit_t12'
COUNTS = {'train': 1_281_167, 'val': 50_000}
CLASSES = 1000
VAL_PER_CLASS = 50


def prepare(source: Path, args: Namespace) -> None:
    """Unpack the archives, or link the folders, into ``out``."""
    train = find_source(source, 'train', 'ILSVRC2012_img_train.tar')
    val = find_source(source, 'val', 'ILSVRC2012_img_val.tar')
    if train.is_dir():
        link(train, args.out / 'train')
    else:
        unpack_nested(train, args.out / 'train')
    if val.is_dir():
        link(val, args.out / 'val')
    else:
        unpack(val, args.out / 'val')
    if not folder_names(args.out / 'val'):
        write_val_list(find_devkit(source, args.out), args.out)


def find_devkit(source: Path, out: Path) -> Path:
    """The folder ``data`` of the devkit, unpacked into ``out`` if it has to be."""
    found = find_source(source, DEVKIT, f'{DEVKIT}.tar.gz')
    if found.is_dir():
        return found / 'data'
    unpack(found, out / 'devkit')
    return out / 'devkit' / DEVKIT / 'data'


def write_val_list(devkit: Path, out: Path) -> None:
    """Write ``meta/val.txt``: a photo of ``val`` and its label a line.

    The devkit counts classes from 1 in an order of its own; labels are places among
    the sorted WordNet ids.

    Raises:
        DataError: The devkit is broken, or isn't for these photos.
    """
    truth = find_source(devkit, 'ILSVRC2012_validation_ground_truth.txt')
    try:
        synsets = loadmat(find_source(devkit, 'meta.mat'), squeeze_me=True)['synsets']
        ids = {int(s['ILSVRC2012_ID']): str(s['WNID']) for s in synsets}
        leaves = {number for number in ids if number <= CLASSES}
        numbers = [int(line) for line in truth.read_text().split()]
    # scipy fails in its own ways on files of another kind.
    except DataError:
        raise
    except Exception as error:
        raise DataError(
            f'{devkit} is not the devkit of ILSVRC2012 ({type(error).__name__}: '
            f'{error}). Download it again.'
        ) from error
    photos = sorted(photo.name for photo in (out / 'val').glob('*.JPEG'))
    if len(photos) != len(numbers) or not leaves.issuperset(numbers):
        raise DataError(
            f'{truth} has {len(numbers):,} labels, {out / "val"} has {len(photos):,} '
            'photos. Unpack both again.'
        )
    places = {wnid: place for place, wnid in enumerate(sorted(ids[i] for i in leaves))}
    lines = [f'{p} {places[ids[n]]}\n' for p, n in zip(photos, numbers)]
    (out / 'meta').mkdir(parents=True, exist_ok=True)
    (out / 'meta' / 'val.txt').write_text(''.join(lines))


def check(args: Namespace) -> None:
    """Hold folders, labels and photos against what is published."""
    out, findings = args.out, args.findings
    photos: list[Path] = []
    names = folder_names(out / 'train') if (out / 'train').is_dir() else []
    findings.compare('train classes', len(names), CLASSES)
    for split, published in COUNTS.items():
        found = photos_of(out, split, names)
        findings.compare(f'{split} photos', len(found), published)
        if split == 'val':
            each = dict.fromkeys(names, VAL_PER_CLASS)
            findings.compare_each('val photos of', Counter(found.values()), each)
        photos += found
    check_photos(photos, findings, out / JOURNAL, args.workers)


def photos_of(out: Path, split: str, names: list[str]) -> dict[Path, str]:
    """The photos of a part, each with the name of its class."""
    folder, listed = out / split, out / 'meta' / f'{split}.txt'
    if listed.is_file():
        entries = read_list(listed)
        outside = [e for e in entries if e.label >= len(names)]
        if outside:
            raise DataError(
                f'{listed}, line {outside[0].line}: label {outside[0].label} has no '
                f'class; {out / "train"} has {len(names)}.'
            )
        return {folder / entry.path: names[entry.label] for entry in entries}
    if not folder.is_dir():
        return {}
    return {
        photo: name
        for name in folder_names(folder)
        for photo in sorted((folder / name).glob('*.JPEG'))
    }


def main() -> None:
    """Prepare and check as the command line says."""
    args = parse_args('Prepare and check ImageNet-1k.', 'data/imagenet')
    prepare_and_check(args, prepare, check)


if __name__ == '__main__':
    launch.run(main)
