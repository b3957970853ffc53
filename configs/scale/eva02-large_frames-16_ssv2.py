"""AdaptFormer-64 on SSv2, 16 frames, with EVA-02-L, an image trunk that is sharded.

NNODES=8 tools/dist_train.sh configs/scale/eva02-large_frames-16_ssv2.py 8 \
    --cfg-options trunk=eva02-large-p14_pre_m38m.pth data_root=data/ssv2
"""

_base_ = [
    '../_base_/models/eva02_frames.py',
    '../_base_/datasets/paper_frames.py',
    '../_base_/schedules/sgd_90e.py',
    '../_base_/default_runtime.py',
    '../_base_/strategies/sharded.py',
]
default_scope = 'mmaction'
custom_imports = dict(imports=['mmadapt'], allow_failed_imports=False)
data_root = 'data/ssv2'
trunk = None
num_frames = 16
num_classes = 174
model = dict(backbone=dict(frozen_dtype='bfloat16'))
optim_wrapper = dict(type='BFloat16OptimWrapper')
