"""Full fine-tuning on HMDB51 with a Video Swin-B.

The paper's top-1: 68.73 (Table 7).
"""

_base_ = './video-swin_adaptformer_hmdb51.py'
model = dict(backbone=dict(adapter=None, trainable='all'))
