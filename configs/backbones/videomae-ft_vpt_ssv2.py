"""Visual prompt tuning on SSv2 from VideoMAE fine-tuned on Kinetics-400.

The paper's top-1: 55.22 (Table 6). The trunk's own fc_norm is loaded, and trains.
"""

_base_ = '../baselines/vpt_ssv2.py'
