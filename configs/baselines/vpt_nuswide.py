"""Visual prompt tuning on the data and by the recipe of adaptformer_nuswide.py.

The paper's mAP: 57.08.
"""

_base_ = '../adaptformer_nuswide.py'
model = dict(backbone=dict(adapter=dict(_delete_=True, type='VPT', num_tokens=1)))
