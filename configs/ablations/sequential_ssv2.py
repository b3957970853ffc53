"""AdaptFormer-64 on SSv2, behind the MLP instead of beside it.

The paper's top-1: 58.17 (Table 3b).
"""

_base_ = '../adaptformer_ssv2.py'
model = dict(backbone=dict(adapter=dict(mode='sequential')))
