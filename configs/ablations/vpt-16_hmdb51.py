"""Visual prompt tuning on HMDB51 with 16 prompts a block.

The paper's top-1: about 26.6, read off Fig. 4.
"""

_base_ = '../adaptformer_hmdb51.py'
model = dict(backbone=dict(adapter=dict(_delete_=True, type='VPT', num_tokens=16)))
