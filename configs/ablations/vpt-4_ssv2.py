"""Visual prompt tuning on SSv2 with 4 prompts a block.

The paper's top-1: about 46.7, read off Fig. 4.
"""

_base_ = '../adaptformer_ssv2.py'
model = dict(backbone=dict(adapter=dict(_delete_=True, type='VPT', num_tokens=4)))
