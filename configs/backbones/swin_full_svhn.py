"""Full fine-tuning on SVHN with a Swin-B.

The paper's top-1: 97.03 (Table 7).
"""

_base_ = './swin_adaptformer_svhn.py'
model = dict(backbone=dict(adapter=None, trainable='all'))
optim_wrapper = dict(optimizer=dict(lr=0.04))
