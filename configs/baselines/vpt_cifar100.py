"""Visual prompt tuning on the data and by the recipe of adaptformer_cifar100.py.

The paper's top-1: 82.44.
"""

_base_ = '../adaptformer_cifar100.py'
model = dict(backbone=dict(adapter=dict(_delete_=True, type='VPT', num_tokens=1)))
