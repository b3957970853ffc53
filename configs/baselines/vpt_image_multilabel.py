"""Visual prompt tuning, else as adaptformer_image_multilabel.py."""

_base_ = '../adaptformer_image_multilabel.py'
model = dict(backbone=dict(adapter=dict(_delete_=True, type='VPT', num_tokens=1)))
