"""AdaptFormer-64 on SSv2 with 16 frames.

The paper's top-1: about 62.8, read off Fig. 7.
"""

_base_ = '../adaptformer_ssv2.py'
num_frames = 16
