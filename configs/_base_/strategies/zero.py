"""The frozen trunk dealt out over all processes by DeepSpeed, in float32."""

runner_type = 'FlexibleRunner'
strategy = dict(type='ZeroStrategy')
