"""Street View House Numbers, cropped digits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset
from mmpretrain.registry import DATASETS
from scipy.io import loadmat

from ..errors import ConfigError, DataError, did_you_mean

__all__ = ['SVHN']

SPLITS = {'train': 'train_32x32.mat', 'test': 'test_32x32.mat'}


@DATASETS.register_module()
class SVHN(BaseDataset):
    """``train_32x32.mat`` and ``test_32x32.mat`` of `SVHN
    <http://ufldl.stanford.edu/housenumbers/>`_, as torchvision downloads them.

    Args:
        data_root: The folder of the two files.
        split: ``'train'`` or ``'test'``; the paper doesn't use the extra part.
        pipeline: Transforms; ``img`` is there already, RGB ``(32, 32, 3)`` in uint8,
            so the data preprocessor needs ``to_rgb=False``.
        test_mode: As in MMEngine.
        metainfo: As in MMEngine.
        lazy_init: Read the file later, on ``full_init``.

    Raises:
        ConfigError: Another split.
        DataError: The file is missing, or isn't one of SVHN.
    """

    METAINFO = {'classes': tuple(str(digit) for digit in range(10))}

    def __init__(
        self,
        data_root: str = '',
        split: str = 'train',
        pipeline: Sequence[Mapping[str, Any]] = (),
        test_mode: bool = False,
        metainfo: Mapping[str, Any] | None = None,
        lazy_init: bool = False,
    ) -> None:
        if split not in SPLITS:
            raise ConfigError(
                f'split={split!r}; allowed: {", ".join(SPLITS)}.'
                f'{did_you_mean(split, SPLITS)}'
            )
        self.split = split
        super().__init__(
            ann_file=SPLITS[split],
            data_root=str(data_root),
            data_prefix={},
            pipeline=list(pipeline),
            test_mode=test_mode,
            metainfo=dict(metainfo or {}),
            lazy_init=lazy_init,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """One entry an image: ``img`` and ``gt_label``, the digit itself."""
        file = Path(self.ann_file)
        if not file.is_file():
            raise DataError(
                f'no file {file}. Download {file.name} from '
                'http://ufldl.stanford.edu/housenumbers/ into data_root.'
            )
        try:
            content = loadmat(file)
            images, labels = content['X'], content['y'].astype(np.int64).squeeze(1)
        # scipy fails in its own ways on files of another kind.
        except Exception as error:
            raise DataError(
                f'{file} is not a file of SVHN ({type(error).__name__}: {error}). '
                'Download it again.'
            ) from error
        if images.shape[:3] != (32, 32, 3) or len(labels) != images.shape[3]:
            raise DataError(
                f'{file} holds images {images.shape} and {len(labels)} labels; '
                'expected (32, 32, 3, N) and N.'
            )
        odd = np.flatnonzero((labels < 1) | (labels > 10))
        if len(odd):
            raise DataError(
                f'{file}: image {odd[0] + 1} has the label {labels[odd[0]]}; those of '
                'SVHN are 1 to 9, and 10 for the digit 0. Download it again.'
            )
        images = np.ascontiguousarray(images.transpose(3, 0, 1, 2))  # (N, 32, 32, 3)
        labels %= 10  # the digit 0 is stored as 10
        return [
            {'img': image, 'gt_label': int(label)}
            for image, label in zip(images, labels)
        ]
