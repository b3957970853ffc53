"""Visual prompt tuning, else as adaptformer_video_list.py."""

_base_ = '../adaptformer_video_list.py'
model = dict(backbone=dict(adapter=dict(_delete_=True, type='VPT', num_tokens=1)))
