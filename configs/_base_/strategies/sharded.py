"""The frozen trunk dealt out over all processes."""

runner_type = 'FlexibleRunner'
strategy = dict(type='ShardedStrategy')
