"""Pre-trained weights and task files: read, recognised, checked, fingerprinted."""

from .coverage import LoadReport
from .fingerprint import TrunkRecord
from .infer import infer_vit_arch
from .load import load_weights
from .reading import read_checkpoint, trust_checkpoint
from .stamp import TaskStamp, find_stamps
from .task_file import check_task_state, task_state

__all__ = [
    'LoadReport',
    'TaskStamp',
    'TrunkRecord',
    'check_task_state',
    'find_stamps',
    'infer_vit_arch',
    'load_weights',
    'read_checkpoint',
    'task_state',
    'trust_checkpoint',
]
