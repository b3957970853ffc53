"""Visual prompt tuning on the data and by the recipe of adaptformer_ssv2.py.

The paper's top-1: 43.73.
"""

_base_ = '../adaptformer_ssv2.py'
model = dict(backbone=dict(adapter=dict(_delete_=True, type='VPT', num_tokens=1)))
