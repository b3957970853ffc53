"""AdamW for one's own data, 20 epochs: warm-up from zero, then half a cosine.

Small sets give the paper's SGD recipe too few steps; AdamW needs no tuning of the
learning rate to the size of the set.
"""

optim_wrapper = dict(
    constructor='TrainableOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=4e-3, weight_decay=0.0),
)

# A tenth of the training is warm-up, whatever max_epochs is; warmup=N is in epochs.
param_scheduler = dict(
    type='WarmupCosineLR', warmup_ratio=0.1, convert_to_iter_based=True
)

train_cfg = dict(by_epoch=True, max_epochs=20, val_interval=1)
val_cfg = dict()
test_cfg = dict()

auto_scale_lr = dict(base_batch_size=32, enable=False)
