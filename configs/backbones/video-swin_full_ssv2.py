"""Full fine-tuning on SSv2 with a Video Swin-B.

The paper's top-1: 52.92 (Table 7).
"""

_base_ = './video-swin_adaptformer_ssv2.py'
model = dict(backbone=dict(adapter=None, trainable='all'))
