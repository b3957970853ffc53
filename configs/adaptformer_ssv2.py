"""AdaptFormer-64 on Something-Something V2, the paper's recipe.

The paper's top-1 is 59.02, from VideoMAE pre-trained on Kinetics-400.
tools/data/ssv2.py prepares the data.

NNODES=8 tools/dist_train.sh configs/adaptformer_ssv2.py 8 \
    --cfg-options trunk=videomae_pretrain_vit_b_1600.pth data_root=data/ssv2
"""

_base_ = [
    '_base_/models/vit_video.py',
    '_base_/datasets/paper_clips.py',
    '_base_/schedules/sgd_90e.py',
    '_base_/default_runtime.py',
]
default_scope = 'mmaction'
custom_imports = dict(imports=['mmadapt'], allow_failed_imports=False)
data_root = 'data/ssv2'
trunk = None
arch = 'base'
num_frames = 8
num_classes = 174
model = dict(backbone=dict(adapter=dict(init='normal')))
