"""Hooks: they observe, check and filter; building and freezing is done before."""

from .adapter_checkpoint import AdapterCheckpointHook
from .broken_data import BrokenDataHook
from .data_wait import DataWaitHook
from .dump_config import DumpConfigHook
from .finite import FiniteHook
from .frozen_trunk import FrozenTrunkHook
from .prefix_cache import PrefixCacheHook
from .sync_buffers import SyncTrainedBuffersHook

__all__ = [
    'AdapterCheckpointHook',
    'BrokenDataHook',
    'DataWaitHook',
    'DumpConfigHook',
    'FiniteHook',
    'FrozenTrunkHook',
    'PrefixCacheHook',
    'SyncTrainedBuffersHook',
]
