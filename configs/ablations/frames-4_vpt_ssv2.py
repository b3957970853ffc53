"""Visual prompt tuning on SSv2 with 4 frames.

The paper's top-1: about 37.2, read off Fig. 7.
"""

_base_ = '../baselines/vpt_ssv2.py'
num_frames = 4
