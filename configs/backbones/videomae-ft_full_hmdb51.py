"""Full fine-tuning on HMDB51 from VideoMAE fine-tuned on Kinetics-400.

The paper's top-1: 59.38 (Table 6). The trunk's own fc_norm is loaded, and trains.
"""

_base_ = '../baselines/full_hmdb51.py'
