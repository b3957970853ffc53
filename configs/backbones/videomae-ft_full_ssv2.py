"""Full fine-tuning on SSv2 from VideoMAE fine-tuned on Kinetics-400.

The paper's top-1: 53.62 (Table 6). The trunk's own fc_norm is loaded, and trains.
"""

_base_ = '../baselines/full_ssv2.py'
