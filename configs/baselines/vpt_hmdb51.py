"""Visual prompt tuning on the data and by the recipe of adaptformer_hmdb51.py.

The paper's top-1: 52.67. Two prompts, as Fig. 4 suggests.
"""

_base_ = '../adaptformer_hmdb51.py'
model = dict(backbone=dict(adapter=dict(_delete_=True, type='VPT', num_tokens=2)))
