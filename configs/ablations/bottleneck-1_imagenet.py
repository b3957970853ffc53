"""AdaptFormer-1 on ImageNet-1k.

The paper's top-1: 82.33 (Table 9).
"""

_base_ = '../adaptformer_imagenet.py'
model = dict(backbone=dict(adapter=dict(bottleneck=1)))
