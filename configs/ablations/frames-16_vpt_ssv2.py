"""Visual prompt tuning on SSv2 with 16 frames.

The paper's top-1: about 46.0, read off Fig. 7.
"""

_base_ = '../baselines/vpt_ssv2.py'
num_frames = 16
