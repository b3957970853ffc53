"""AdaptFormer-2 on HMDB51.

The paper's top-1: about 51.9, read off Fig. 4.
"""

_base_ = '../adaptformer_hmdb51.py'
model = dict(backbone=dict(adapter=dict(bottleneck=2)))
