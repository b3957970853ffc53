"""AdaptFormer-8 on HMDB51.

The paper's top-1: about 52.1, read off Fig. 4.
"""

_base_ = '../adaptformer_hmdb51.py'
model = dict(backbone=dict(adapter=dict(bottleneck=8)))
