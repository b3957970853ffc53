"""Which files a batch was read from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ['batch_files', 'described', 'file_of', 'flat']

FILE_KEYS = ('img_path', 'filename')
"""Where the libraries' samples say which file they are."""


def batch_files(batch: Any) -> list[str]:
    """The files that a batch was read from, as far as its samples say."""
    samples = batch.get('data_samples') if isinstance(batch, Mapping) else None
    return [str(file) for sample in flat(samples) for file in file_of(sample)]


def flat(samples: Any) -> Iterable[Any]:
    """Samples in lists, at any depth."""
    if isinstance(samples, (list, tuple)):
        for sample in samples:
            yield from flat(sample)
    elif samples is not None:
        yield samples


def file_of(sample: Any) -> list[Any]:
    """The file of one sample, or nothing."""
    info = getattr(sample, 'metainfo', {})
    return [info[key] for key in FILE_KEYS if key in info][:1]


def described(files: list[str]) -> str:
    """Which files a batch held."""
    if not files:
        return 'a batch whose samples do not name their files'
    return f'the files: {", ".join(files)}'
