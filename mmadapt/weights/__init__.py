"""Pre-trained weights: read, recognised, checked, fitted and fingerprinted."""

from .coverage import LoadReport
from .fingerprint import TrunkRecord
from .infer import infer_vit_arch
from .load import load_weights
from .reading import read_checkpoint, trust_checkpoint

__all__ = [
    'LoadReport',
    'TrunkRecord',
    'infer_vit_arch',
    'load_weights',
    'read_checkpoint',
    'trust_checkpoint',
]
