"""40 epochs, validated once, at the end.

No epoch is chosen by its validation accuracy: ``best_*.pth`` is the last one.
"""

_base_ = 'adamw_20e.py'
param_scheduler = dict(warmup=4)
train_cfg = dict(max_epochs=40, val_interval=40)
