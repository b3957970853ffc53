"""AdaptFormer-64 on your own photos, any number of labels each.

python tools/train.py configs/adaptformer_image_multilabel.py \
    --cfg-options data_root=FOLDER trunk=deit_tiny.pth

FOLDER holds train.csv and val.csv, `path,label,label...` a line, or .jsonl or .txt; the
classes are found, or named in classes.txt. Without a val list add holdout=0.2.
"""

_base_ = [
    '_base_/models/vit_image_multilabel.py',
    '_base_/datasets/image_multilabel.py',
    '_base_/schedules/adamw_20e.py',
    '_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
custom_imports = dict(imports=['mmadapt'], allow_failed_imports=False)
data_root = None
trunk = None
arch = None
num_classes = None
holdout = 0.0
