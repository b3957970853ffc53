"""CIFAR-100 and Food-101 of MMPretrain, from files that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmpretrain.datasets import CIFAR100, Food101
from mmpretrain.registry import DATASETS

from ..errors import DataError

__all__ = ['LocalCIFAR100', 'LocalFood101']


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
class LocalFood101(Food101):
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
