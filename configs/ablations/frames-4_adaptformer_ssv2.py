"""AdaptFormer-64 on SSv2 with 4 frames.

The paper's top-1: about 52.2, read off Fig. 7.
"""

_base_ = '../adaptformer_ssv2.py'
num_frames = 4
