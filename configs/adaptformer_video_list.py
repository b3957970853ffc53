"""AdaptFormer-64 on your own list of clips, 8 frames of each.

python tools/train.py configs/adaptformer_video_list.py \
    --cfg-options data_root=FOLDER trunk=videomae_base.pth

FOLDER holds train.txt and val.txt, `path label` a line, and, if you like, classes.txt;
without val.txt add holdout=0.2, for lists in FOLDER/NAME split=NAME. The trunk is a
VideoMAE file, or an image ViT, which is inflated. Other methods: baselines/.
"""

_base_ = [
    '_base_/models/vit_video.py',
    '_base_/datasets/video_list.py',
    '_base_/schedules/adamw_20e.py',
    '_base_/default_runtime.py',
]
default_scope = 'mmaction'
custom_imports = dict(imports=['mmadapt'], allow_failed_imports=False)
data_root = None
split = None
trunk = None
arch = None
num_frames = 8
num_classes = None
holdout = 0.0
