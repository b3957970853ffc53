"""AdaptFormer on HMDB51 with a Video Swin-B.

The paper's top-1: 74.65 (Table 7).
"""

_base_ = [
    '../_base_/models/swin_video.py',
    '../_base_/datasets/paper_clips.py',
    '../_base_/schedules/sgd_90e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmaction'
custom_imports = dict(imports=['mmadapt'], allow_failed_imports=False)
data_root = 'data/hmdb51'
trunk = None
split = 'split1'
num_frames = 8
num_classes = 51
