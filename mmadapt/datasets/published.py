"""CIFAR-100, Food-101 and ImageNet of MMPretrain, from files that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmpretrain.datasets import CIFAR100, Food101, ImageNet
from mmpretrain.registry import DATASETS

from ..errors import DataError
from .names import folder_names
from .photos import PhotoDataset

__all__ = ['LocalCIFAR100', 'LocalFood101', 'LocalImageNet']


@DATASETS.register_module()
class LocalCIFAR100(CIFAR100):
    """``cifar-100-python/{train,test,meta}`` in ``data_root``, never downloaded.

    Args:
        data_root: The folder that the published archive was unpacked in.
        split: ``'train'`` or ``'test'``.
        options: The other arguments of MMPretrain's class.

    Raises:
        DataError: A file is missing, or isn't the published one.
    """

    def __init__(self, data_root: str, split: str = 'train', **options: Any) -> None:
        super().__init__(data_root=data_root, split=split, download=False, **options)

    def load_data_list(self) -> list[dict[str, Any]]:
        """One entry an image: ``img`` and ``gt_label``."""
        folder = Path(self.data_prefix['root']) / self.base_folder
        for name, _ in (*self.train_list, *self.test_list):
            require(folder / name, self.url)
        try:
            return list(super().load_data_list())
        # Files that don't have the published checksum.
        except (AssertionError, RuntimeError) as error:
            raise DataError(
                f'{folder} does not hold the published files of CIFAR-100: a checksum '
                f'differs. Unpack them again from {self.url}.'
            ) from error


@DATASETS.register_module()
class LocalFood101(PhotoDataset, Food101):
    """``meta/{train,test}.txt`` and ``images/<class>/*.jpg`` in ``data_root``.

    Args:
        data_root: The folder ``food-101`` of the published archive.
        split: ``'train'`` or ``'test'``.
        options: The other arguments of MMPretrain's class.

    Raises:
        DataError: A list, a photo or the folder is missing.
    """

    url = 'http://data.vision.ee.ethz.ch/cvl/food-101.tar.gz'

    # Sorted, as in the official code; MMPretrain has cheesecake before cheese_plate,
    # so that a head trained there would mix up the two.
    METAINFO = {'classes': tuple(sorted(Food101.METAINFO['classes']))}

    def __init__(self, data_root: str, split: str = 'train', **options: Any) -> None:
        super().__init__(data_root=data_root, split=split, **options)

    def load_data_list(self) -> list[dict[str, Any]]:
        """One entry a photo: ``img_path`` and ``gt_label``."""
        require(Path(self.ann_file), self.url)
        samples = list(super().load_data_list())
        require(Path(samples[0]['img_path']), self.url)
        return samples


@DATASETS.register_module()
class LocalImageNet(PhotoDataset, ImageNet):
    """ImageNet-1k: ``train/<WordNet id>/*.JPEG``, ``val`` alike or in ``meta/val.txt``.

    The label of a class is its place among the sorted WordNet ids.

    Args:
        data_root: The folder that ``tools/data/imagenet.py`` writes.
        split: ``'train'`` or ``'val'``; the test photos have no labels.
        options: The other arguments of MMPretrain's class.

    Raises:
        DataError: A folder is missing, has another number of classes than 1000, or a
            listed photo is missing.
    """

    url = 'https://www.image-net.org/download.php'

    def __init__(self, data_root: str, split: str = 'train', **options: Any) -> None:
        super().__init__(data_root=data_root, split=split, **options)

    def load_data_list(self) -> list[dict[str, Any]]:
        """One entry a photo: ``img_path`` and ``gt_label``."""
        folder = Path(self.img_prefix)
        if not folder.is_dir():
            raise DataError(
                f'no folder {folder}. Make it from the archives of {self.url} with '
                'tools/data/imagenet.py, and give its parent: --cfg-options '
                'data_root=FOLDER.'
            )
        count, known = len(folder_names(folder)), len(self.METAINFO['classes'])
        if not self.ann_file and count != known:
            raise DataError(
                f'{folder} has {count} class folders, ImageNet-1k has {known}; labels '
                'would shift. Unpack it again with tools/data/imagenet.py.'
            )
        samples = list(super().load_data_list())
        require(Path(samples[0]['img_path']), self.url)
        return samples


def require(file: Path, source: str) -> None:
    """Refuse a file that isn't there.

    Raises:
        DataError: With where it comes from.
    """
    if not file.is_file():
        raise DataError(
            f'no file {file}. Unpack {source} and give its folder: --cfg-options '
            'data_root=FOLDER.'
        )
