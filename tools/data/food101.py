"""Food-101: ``python tools/data/food101.py DOWNLOAD --out data/food101``.

DOWNLOAD is food-101.tar.gz of https://data.vision.ee.ethz.ch/cvl/datasets_extra/food-101/,
the folder food-101 of it, or the folder that holds one of them.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

from mmadapt import launch
from mmadapt.datasets.official import (
    JOURNAL,
    check_photos,
    find_source,
    link,
    parse_args,
    prepare_and_check,
    unpack,
)
from mmadapt.datasets.published import LocalFood101

FOLDER = 'food-101'
ARCHIVE = 'food-101.tar.gz'
CLASSES = LocalFood101.METAINFO['classes']
PER_CLASS = {'train': 750, 'test': 250}


def prepare(source: Path, args: Namespace) -> None:
    """Unpack the archive, or link the folders, into ``out``."""
    found = find_source(source, FOLDER, ARCHIVE)
    if found.is_dir():
        for name in ('images', 'meta'):
            link(find_source(found, name), args.out / name)
        return
    unpack(found, args.out, lambda name: name.removeprefix(f'{FOLDER}/'))


def check(args: Namespace) -> None:
    """Hold lists and photos against what is published."""
    out, findings = args.out, args.findings
    photos: list[Path] = []
    for split, published in PER_CLASS.items():
        file = out / 'meta' / f'{split}.txt'
        if not file.is_file():
            findings.add('missing', file, 'no such file')
            continue
        names = file.read_text(encoding='utf-8').split()
        findings.compare(f'{split} photos', len(names), published * len(CLASSES))
        counts = Counter(name.split('/')[0] for name in names)
        each = dict.fromkeys(CLASSES, published)
        findings.compare_each(f'{split} photos of', counts, each)
        photos += [out / 'images' / f'{name}.jpg' for name in names]
    check_photos(photos, findings, out / JOURNAL, args.workers)


def main() -> None:
    """Prepare and check as the command line says."""
    args = parse_args('Prepare and check Food-101.', 'data/food101')
    prepare_and_check(args, prepare, check)


if __name__ == '__main__':
    launch.run(main)
