"""The paper's recipe for images: SGD, 100 epochs, warm-up of 20.

Learning rate 0.1 * batch / 256, at a batch of 8 x 128; --auto-scale-lr fits it to
another batch.
"""

optim_wrapper = dict(
    constructor='TrainableOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.4, momentum=0.9, weight_decay=0.0),
)

# It ends with the training, whatever max_epochs is.
param_scheduler = dict(type='WarmupCosineLR', warmup=20, convert_to_iter_based=True)

train_cfg = dict(by_epoch=True, max_epochs=100, val_interval=1)
val_cfg = dict()
test_cfg = dict()

auto_scale_lr = dict(base_batch_size=1024, enable=False)
