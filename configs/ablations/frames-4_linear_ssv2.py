"""Linear probing on SSv2 with 4 frames.

The paper's top-1: about 25.3, read off Fig. 7.
"""

_base_ = '../baselines/linear_ssv2.py'
num_frames = 4
