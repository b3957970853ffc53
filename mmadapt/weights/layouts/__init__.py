"""The naming of tensors in the checkpoints of each code base."""

from .mapping import map_names, match_biases
from .source import Piece, Source, detect, read_source, unused_in_blocks
from .tables import ADAPTFORMER, LAYOUTS, MMACTION, MMPRETRAIN, TIMM, Layout

__all__ = [
    'ADAPTFORMER',
    'LAYOUTS',
    'MMACTION',
    'MMPRETRAIN',
    'TIMM',
    'Layout',
    'Piece',
    'Source',
    'detect',
    'map_names',
    'match_biases',
    'read_source',
    'unused_in_blocks',
]
