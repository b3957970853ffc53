"""Linear probing on your own clips, else as adaptformer_video_list.py."""

_base_ = '../adaptformer_video_list.py'
model = dict(backbone=dict(adapter=None))
