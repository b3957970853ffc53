"""Visual prompt tuning on the data and by the recipe of adaptformer_imagenet.py.

The paper's top-1: 81.68 (Table 9).
"""

_base_ = '../adaptformer_imagenet.py'
model = dict(backbone=dict(adapter=dict(_delete_=True, type='VPT', num_tokens=1)))
