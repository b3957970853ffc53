"""From the official download of a dataset to what a config reads, checked."""

from ..journal import JOURNAL
from .archives import unpack, unpack_nested
from .command import parse_args, prepare_and_check
from .findings import Findings
from .photos import check_photos
from .places import find_source, link
from .progress import Progress

__all__ = [
    'JOURNAL',
    'Findings',
    'Progress',
    'check_photos',
    'find_source',
    'link',
    'parse_args',
    'prepare_and_check',
    'unpack',
    'unpack_nested',
]
