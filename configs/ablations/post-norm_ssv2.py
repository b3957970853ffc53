"""AdaptFormer-64 on SSv2 with LN(x') as its input, as Eq. 3 is written.

No figure in the paper, whose code reads x'.
"""

_base_ = '../adaptformer_ssv2.py'
model = dict(backbone=dict(adapter=dict(input='post_norm')))
