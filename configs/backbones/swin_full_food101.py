"""Full fine-tuning on Food-101 with a Swin-B.

The paper's top-1: 91.43 (Table 7).
"""

_base_ = './swin_adaptformer_food101.py'
model = dict(backbone=dict(adapter=None, trainable='all'))
optim_wrapper = dict(optimizer=dict(lr=0.04))
