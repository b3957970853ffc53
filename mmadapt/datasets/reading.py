"""Opening and decoding clips by whichever library can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from ..errors import ConfigError, DataError, did_you_mean

__all__ = ['DecodeVideo', 'OpenVideo']

READERS = {
    'decord': ('DecordInit', 'DecordDecode'),
    'pyav': ('PyAVInit', 'PyAVDecode'),
    'opencv': ('OpenCVInit', 'OpenCVDecode'),
}
"""Name of a library to MMAction2's transforms that use it, the fastest first."""


@TRANSFORMS.register_module()
class OpenVideo(BaseTransform):
    """Opens ``filename`` and counts its frames, by the first library that can.

    decord has wheels for Linux on x86-64 alone, and fails on some files that PyAV or
    OpenCV read.

    Args:
        readers: Names of libraries, in the order they are tried; those that aren't
            installed are passed over.
        num_threads: Threads that decode one clip; data workers are processes already.

    Raises:
        ConfigError: A reader that isn't known.
        DataError: No library opens the file, or it has no frame.
    """

    def __init__(
        self, readers: Sequence[str] = tuple(READERS), num_threads: int = 1
    ) -> None:
        for name in readers:
            if name not in READERS:
                raise ConfigError(
                    f'reader {name!r} is not known; allowed: {", ".join(READERS)}.'
                    f'{did_you_mean(name, READERS)}'
                )
        self.transforms: dict[str, Any] = {}
        for name in readers:
            options = {'num_threads': num_threads} if name == 'decord' else {}
            kind = TRANSFORMS.get(READERS[name][0])
            self.transforms[name] = kind(**options)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``video_reader``, ``total_frames`` and the name of the reader."""
        reasons = []
        for name, transform in self.transforms.items():
            try:
                opened = transform(dict(results))
            except ImportError:
                reasons.append(f'{name} is not installed')
                continue
            # Decoders fail in their own ways; all of them mean the next one's turn.
            except Exception as error:
                reasons.append(f'{name}: {first_line(error)}')
                continue
            if opened['total_frames'] > 0:
                opened['reader_name'] = name
                return opened  # type: ignore[no-any-return]
            reasons.append(f'{name}: no frame')
        raise DataError(
            f'video {results["filename"]!r} can not be opened ({"; ".join(reasons)}).'
        )


@TRANSFORMS.register_module()
class DecodeVideo(BaseTransform):
    """Decodes ``frame_inds`` of a clip that :class:`OpenVideo` opened."""

    def __init__(self) -> None:
        self.transforms = {
            name: TRANSFORMS.get(kinds[1])() for name, kinds in READERS.items()
        }

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Replace the reader by ``imgs``, one array ``(H, W, 3)`` in RGB a frame.

        Raises:
            DataError: The file opens and doesn't decode.
        """
        name = results.pop('reader_name')
        try:
            return self.transforms[name](results)  # type: ignore[no-any-return]
        except Exception as error:
            raise DataError(
                f'video {results["filename"]!r} can not be decoded '
                f'({name}: {first_line(error)}).'
            ) from error


def first_line(error: Exception) -> str:
    """An error's first line; decoders add a stack of their own."""
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__
