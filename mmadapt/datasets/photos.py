"""What datasets of photo files have in common."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from mmengine.dataset import BaseDataset

from ..errors import DataError

__all__ = ['EXTENSIONS', 'PhotoDataset', 'readable']

EXTENSIONS = (
    '.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.webp', '.bmp', '.tif', '.tiff',
    '.ppm', '.pgm', '.pbm', '.pnm', '.jp2',
)  # fmt: skip
"""Endings of the files that OpenCV decodes in every release since 4.8."""


class PhotoDataset(BaseDataset):
    """A dataset of ``img_path``, which names a photo that can't be read."""

    def prepare_data(self, idx: int) -> Any:
        """A sample.

        Raises:
            DataError: The photo can't be read, by its path.
        """
        try:
            return super().prepare_data(idx)
        except Exception as error:
            path = self.get_data_info(idx)['img_path']
            if readable(path):
                raise  # a fault of the pipeline, not of the file
            raise DataError(
                f'photo {path!r} can not be read. Mend it, or take it out of the data.'
            ) from error


def readable(path: str) -> bool:
    """Whether a file holds an image that decodes."""
    try:
        content = np.fromfile(path, dtype=np.uint8)
    except OSError:
        return False
    return content.size > 0 and cv2.imdecode(content, cv2.IMREAD_COLOR) is not None
