"""Visual prompt tuning on SSv2, 8 prompts in front of the first block alone.

No figure in the paper.
"""

_base_ = '../adaptformer_ssv2.py'
prompts = dict(_delete_=True, type='VPT', num_tokens=8, deep=False)
model = dict(backbone=dict(adapter=prompts))
