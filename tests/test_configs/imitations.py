"""Tiny data in the layouts that the shipped configs read."""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from tests.test_datasets.clips import write_clip

GENERATOR = np.random.default_rng(0)

SIZES = {
    'cifar100': 100,
    'svhn': 10,
    'food101': 101,
    'imagenet': 1000,
    'nuswide': 81,
    'image_folder': 2,
    'image_multilabel': 2,
    'video_list': 2,
    'ssv2': 174,
    'hmdb51': 51,
}
"""Classes of the data of each config, by its name."""

SPLITS = {'ssv2': '', 'hmdb51': 'split1'}


def write_data(data: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The data of one config, by its name."""
    if data == 'cifar100':
        write_cifar(root, monkeypatch)
    elif data == 'svhn':
        write_svhn(root)
    elif data == 'food101':
        write_food(root)
    elif data == 'imagenet':
        write_imagenet(root)
    elif data == 'nuswide':
        write_multilabel(root, SIZES[data], ['train', 'test'])
    elif data == 'image_folder':
        write_folder(root)
    elif data == 'image_multilabel':
        write_multilabel(root, SIZES[data], ['train', 'val'])
    elif data == 'video_list':
        write_lists(root, SIZES[data], 'txt', ['train', 'val'])
    else:
        parts = ['train', 'val', 'test']
        write_lists(root, SIZES[data], 'csv', parts, SPLITS[data])


def photo(file: Path) -> None:
    """A photo that isn't square."""
    file.parent.mkdir(parents=True, exist_ok=True)
    shape = (40, 60, 3)
    cv2.imwrite(str(file), GENERATOR.integers(0, 256, shape, dtype=np.uint8))


def write_cifar(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The two files of CIFAR-100, with checksums of their own."""
    from mmadapt.datasets.published import LocalCIFAR100

    (root / 'cifar-100-python').mkdir()
    for part in ('train', 'test'):
        images = GENERATOR.integers(0, 256, (2, 3072), dtype=np.uint8)
        content = pickle.dumps({'data': images, 'fine_labels': [0, 99]})
        (root / 'cifar-100-python' / part).write_bytes(content)
        checked = [[part, hashlib.md5(content).hexdigest()]]
        monkeypatch.setattr(LocalCIFAR100, f'{part}_list', checked)


def write_svhn(root: Path) -> None:
    """The two files of SVHN."""
    images = GENERATOR.integers(0, 256, (32, 32, 3, 2), dtype=np.uint8)
    for part in ('train', 'test'):
        savemat(root / f'{part}_32x32.mat', {'X': images, 'y': [[10], [9]]})


def write_food(root: Path) -> None:
    """Two photos of Food-101, in both parts."""
    (root / 'meta').mkdir()
    for part in ('train', 'test'):
        (root / 'meta' / f'{part}.txt').write_text('apple_pie/1\nwaffles/2\n')
    photo(root / 'images' / 'apple_pie' / '1.jpg')
    photo(root / 'images' / 'waffles' / '2.jpg')


def write_folder(root: Path) -> None:
    """One's own photos."""
    for part in ('train', 'val'):
        for name in ('sea', 'air'):
            photo(root / part / name / 'a photo.jpg')


def write_lists(
    root: Path, classes: int, ending: str, parts: list[str], split: str = ''
) -> None:
    """One clip, under a name for every class, in each part."""
    clip = write_clip(root / 'a clip.mp4', frames=30, width=80, height=48)
    lines = []
    for label in range(classes):
        name = f'a clip {label}.mp4'
        if not (root / name).exists():
            (root / name).hardlink_to(clip)
        lines.append(f'{name} {label}\n')
    (root / split).mkdir(exist_ok=True)
    for part in parts:
        (root / split / f'{part}.{ending}').write_text(''.join(lines))


def write_imagenet(root: Path) -> None:
    """Two photos of ImageNet-1k in both parts, listed as MMPretrain's lists are."""
    (root / 'meta').mkdir()
    for part in ('train', 'val'):
        (root / 'meta' / f'{part}.txt').write_text('a/1.JPEG 0\nb/2.JPEG 999\n')
        photo(root / part / 'a' / '1.JPEG')
        photo(root / part / 'b' / '2.JPEG')


def write_multilabel(root: Path, classes: int, parts: list[str]) -> None:
    """Two photos that share all classes, and one without any, in each part."""
    names = [f'class {index}' for index in range(classes)]
    (root / 'classes.txt').write_text('\n'.join(names))
    photos = {'a.jpg': names[::2], 'b.jpg': names[1::2], 'none.jpg': []}
    for part in parts:
        lines = [json.dumps({'path': p, 'labels': own}) for p, own in photos.items()]
        (root / f'{part}.jsonl').write_text('\n'.join(lines))
    for name in photos:
        photo(root / name)
