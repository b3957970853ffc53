"""AdaptFormer-64 on HMDB51 from VideoMAE fine-tuned on Kinetics-400.

The paper's top-1: 73.21 (Table 6). The trunk's own fc_norm is loaded, and trains.
"""

_base_ = '../adaptformer_hmdb51.py'
