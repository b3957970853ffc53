"""AdaptFormer-2 on SSv2.

The paper's top-1: about 52.6, read off Fig. 4.
"""

_base_ = '../adaptformer_ssv2.py'
model = dict(backbone=dict(adapter=dict(bottleneck=2)))
