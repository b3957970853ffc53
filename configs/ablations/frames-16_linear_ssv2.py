"""Linear probing on SSv2 with 16 frames.

The paper's top-1: about 29.7, read off Fig. 7.
"""

_base_ = '../baselines/linear_ssv2.py'
num_frames = 16
