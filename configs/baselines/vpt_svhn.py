"""Visual prompt tuning on the data and by the recipe of adaptformer_svhn.py.

The paper's top-1: 94.02.
"""

_base_ = '../adaptformer_svhn.py'
model = dict(backbone=dict(adapter=dict(_delete_=True, type='VPT', num_tokens=1)))
