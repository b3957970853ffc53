"""AdaptFormer-64 on SSv2 with a learnable s, an option of the official code.

No figure in the paper.
"""

_base_ = '../adaptformer_ssv2.py'
model = dict(backbone=dict(adapter=dict(scale='learnable')))
