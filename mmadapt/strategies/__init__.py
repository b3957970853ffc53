"""Ways for MMEngine's FlexibleRunner to spread a model over processes."""

from .sharded import ShardedStrategy

__all__ = ['ShardedStrategy']
