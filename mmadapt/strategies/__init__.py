"""Ways for MMEngine's FlexibleRunner to spread a model over processes."""

from .sharded import ShardedStrategy
from .zero import ZeroStrategy

__all__ = ['ShardedStrategy', 'ZeroStrategy']
