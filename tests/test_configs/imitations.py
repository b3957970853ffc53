"""Tiny data in the layouts that the shipped configs read."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from tests.test_datasets.clips import write_clip

GENERATOR = np.random.default_rng(0)


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
    """One clip, listed for every class of each part."""
    clip = write_clip(root / 'a clip.mp4', frames=30, width=80, height=48)
    lines = [f'{clip.name} {label}\n' for label in range(classes)]
    (root / split).mkdir(exist_ok=True)
    for part in parts:
        (root / split / f'{part}.{ending}').write_text(''.join(lines))
