"""SVHN: ``python tools/data/svhn.py DOWNLOAD --out data/svhn``.

DOWNLOAD is the folder of train_32x32.mat and test_32x32.mat, "format 2" of
http://ufldl.stanford.edu/housenumbers/; the extra part isn't used.
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
    find_source,
    link,
    parse_args,
    prepare_and_check,
)
from mmadapt.datasets.official.archives import md5_of
from mmadapt.datasets.svhn import SPLITS, SVHN
from mmadapt.errors import DataError

# MD5 of the published files, the same that torchvision asks for.
MD5 = {
    'train': 'e26dedcc434d2e4c54c9b2d4a06d8373',
    'test': 'eb5a983be6a315427106f1b164d9cef3',
}
# Images of each digit, from 0 to 9: 73,257 and 26,032 in all.
COUNTS = {
    'train': (4948, 13861, 10585, 8497, 7458, 6882, 5727, 5595, 5045, 4659),
    'test': (1744, 5099, 4149, 2882, 2523, 2384, 1977, 2019, 1660, 1595),
}


def prepare(source: Path, args: Namespace) -> None:
    """Link the two files into ``out``."""
    for name in SPLITS.values():
        link(find_source(source, name), args.out / name)


def check(args: Namespace) -> None:
    """Hold the two files against what is published."""
    out, findings = args.out, args.findings
    for split, name in SPLITS.items():
        file = out / name
        if not file.is_file():
            findings.add('missing', file, 'no such file')
            continue
        found = md5_of(file)
        if found != MD5[split]:
            findings.add('checksum', file, f'MD5 {found}, published is {MD5[split]}')
        try:
            data = SVHN(data_root=str(out), split=split)
        except DataError as error:
            findings.add('undecodable', file, str(error))
            continue
        labels = [data.get_data_info(i)['gt_label'] for i in range(len(data))]
        findings.compare(f'{split} images', len(labels), sum(COUNTS[split]))
        published = dict(enumerate(COUNTS[split]))
        findings.compare_each(f'{split} images of', Counter(labels), published)


def main() -> None:
    """Prepare and check as the command line says."""
    args = parse_args('Prepare and check SVHN.', 'data/svhn')
    prepare_and_check(args, prepare, check)


if __name__ == '__main__':
    launch.run(main)
