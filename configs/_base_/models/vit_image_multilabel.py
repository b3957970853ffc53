"""An image ViT with AdaptFormer-64 and a yes or no for each class.

The authors' code has no such part; the loss is MMPretrain's: binary cross entropy,
summed over the classes.
"""

_base_ = 'vit_image.py'

model = dict(
    head=dict(
        _delete_=True,
        type='MultiLabelLinearClsHead',
        num_classes=None,
        in_channels=None,
        loss=dict(type='CrossEntropyLoss', use_sigmoid=True),
        thr=0.5,
    ),
)
