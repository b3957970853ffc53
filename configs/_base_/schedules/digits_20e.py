"""20 epochs, validated once, at the end.

No epoch is chosen by its validation accuracy: ``best_*.pth`` is the last one.
"""

_base_ = 'adamw_20e.py'
train_cfg = dict(val_interval=20)
