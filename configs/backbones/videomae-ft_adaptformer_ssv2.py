"""AdaptFormer-64 on SSv2 from VideoMAE fine-tuned on Kinetics-400.

The paper's top-1: 60.18 (Table 6). The trunk's own fc_norm is loaded, and trains.
"""

_base_ = '../adaptformer_ssv2.py'
