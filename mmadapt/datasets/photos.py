"""What datasets of photo files have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .photo_check import check_photo, decode_photo
from .tolerant import FileDataset

__all__ = ['EXTENSIONS', 'PhotoDataset']

EXTENSIONS = (
    '.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.webp', '.bmp', '.tif', '.tiff',
    '.ppm', '.pgm', '.pbm', '.pnm', '.jp2',
)  # fmt: skip
"""Endings of the files that OpenCV decodes in every release since 4.8."""


class PhotoDataset(FileDataset):
    """A dataset of ``img_path``, each looked at before it is decoded."""

    FILE: ClassVar[str] = 'img_path'
    DRAWS_FIRST: ClassVar[bool] = False  # a photo is decoded before it is cropped

    def check_sample(self, info: Mapping[str, Any]) -> None:
        """Decode a photo.

        Raises:
            BrokenFileError: It can't be.
        """
        decode_photo(info[self.FILE])

    def _read(self, info: Mapping[str, Any]) -> Any:
        check_photo(info[self.FILE])
        return super()._read(info)
