"""Linear probing on SVHN with a Swin-B.

The paper's top-1: 69.06 (Table 7).
"""

_base_ = './swin_adaptformer_svhn.py'
model = dict(backbone=dict(adapter=None))
