"""AdaptFormer-64 on HMDB51, by the paper's recipe.

The paper's top-1 on split 1 is 55.69, from VideoMAE pre-trained on Kinetics-400.
tools/data/hmdb51.py prepares the data; split=split2 or split3 takes another split.

NNODES=8 tools/dist_train.sh configs/adaptformer_hmdb51.py 8 \
    --cfg-options trunk=videomae_pretrain_vit_b_1600.pth data_root=data/hmdb51
"""

_base_ = [
    '_base_/models/vit_video.py',
    '_base_/datasets/paper_clips.py',
    '_base_/schedules/sgd_90e.py',
    '_base_/default_runtime.py',
]
default_scope = 'mmaction'
custom_imports = dict(imports=['mmadapt'], allow_failed_imports=False)
data_root = 'data/hmdb51'
split = 'split1'
trunk = None
arch = 'base'
num_frames = 8
num_classes = 51
model = dict(backbone=dict(adapter=dict(init='normal')))
