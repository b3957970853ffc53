"""AdamW with a cosine, 40 epochs, validated once, at the end.

No epoch is chosen by its validation accuracy: ``best_*.pth`` is the last epoch.
"""

max_epochs = 40

optim_wrapper = dict(
    constructor='TrainableOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=2e-2, weight_decay=0.0),
)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.1,
        by_epoch=True,
        end=max_epochs // 10,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        by_epoch=True,
        begin=max_epochs // 10,
        end=max_epochs,
        T_max=max_epochs - max_epochs // 10,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=max_epochs)
val_cfg = dict()
test_cfg = dict()
