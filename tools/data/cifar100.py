"""CIFAR-100: ``python tools/data/cifar100.py DOWNLOAD --out data/cifar100``.

DOWNLOAD is cifar-100-python.tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html, the
folder cifar-100-python of it, or the folder that holds one of them.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

import numpy as np

from mmadapt import launch
from mmadapt.datasets.official import (
    Findings,
    find_source,
    link,
    parse_args,
    prepare_and_check,
    unpack,
)
from mmadapt.datasets.official.archives import check_md5, md5_of
from mmadapt.datasets.official.pickles import read_plain_pickle
from mmadapt.datasets.published import LocalCIFAR100
from mmadapt.errors import DataError

FOLDER = LocalCIFAR100.base_folder
ARCHIVE = LocalCIFAR100.filename
PER_CLASS = {'train': 500, 'test': 100}
CLASSES = 100


def prepare(source: Path, args: Namespace) -> None:
    """Unpack the archive, or link the folder, into ``out``."""
    found = find_source(source, FOLDER, ARCHIVE)
    if found.is_dir():
        link(found, args.out / FOLDER)
        return
    check_md5(found, LocalCIFAR100.tgz_md5)
    unpack(found, args.out)


def check(args: Namespace) -> None:
    """Hold the three files against what is published."""
    out, findings = args.out, args.findings
    meta = (LocalCIFAR100.meta['filename'], LocalCIFAR100.meta['md5'])
    lists = (*LocalCIFAR100.train_list, *LocalCIFAR100.test_list, meta)
    for name, published in lists:
        file = out / FOLDER / name
        if not file.is_file():
            findings.add('missing', file, 'no such file')
            continue
        found = md5_of(file)
        if found != published:
            findings.add('checksum', file, f'MD5 {found}, published is {published}')
        try:
            content = read_plain_pickle(file)
        except DataError as error:
            findings.add('undecodable', file, str(error))
            continue
        fields = {LocalCIFAR100.meta['key']: list}
        if name != meta[0]:
            fields = {'data': np.ndarray, 'fine_labels': list}
        lost = [key for key, kind in fields.items() if not has(content, key, kind)]
        if lost:
            findings.add('undecodable', file, f'holds no {" and no ".join(lost)}')
        elif name == meta[0]:
            names = len(set(content[LocalCIFAR100.meta['key']]))
            findings.compare('class names', names, CLASSES)
        else:
            check_part(name, content['data'].shape, content['fine_labels'], findings)


def has(content: object, key: str, kind: type) -> bool:
    """Whether a pickle's content has a field of this kind."""
    return isinstance(content, dict) and isinstance(content.get(key), kind)


def check_part(
    name: str, shape: tuple[int, ...], labels: list[int], findings: Findings
) -> None:
    """Hold one part's images and labels against what is published."""
    findings.compare(f'{name} images', shape[0], PER_CLASS[name] * CLASSES)
    if shape[1:] != (3072,) or len(labels) != shape[0]:
        findings.add('shape', name, f'images {shape}, {len(labels)} labels')
    published = dict.fromkeys(range(CLASSES), PER_CLASS[name])
    findings.compare_each(f'{name} images of class', Counter(labels), published)


def main() -> None:
    """Prepare and check as the command line says."""
    args = parse_args('Prepare and check CIFAR-100.', 'data/cifar100')
    prepare_and_check(args, prepare, check)


if __name__ == '__main__':
    launch.run(main)
