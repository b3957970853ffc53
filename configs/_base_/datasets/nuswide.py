"""NUS-WIDE, 161,789 and 107,859 photos with 81 labels: the lists in data_root.

The official split, photos without any label included: they are all-negative samples, as
in the published ground truth. Crops, sizes and flips as in the paper's recipe for the
other images.
"""

_base_ = 'food101.py'

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='MultiLabelList',
        part='train',
        num_classes=None,
        pipeline={{_base_.train_pipeline}},
    ),
)

val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='MultiLabelList',
        part='test',
        num_classes=None,
        pipeline={{_base_.test_pipeline}},
        test_mode=True,
    ),
)
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='AveragePrecision'),
    dict(type='MultiLabelMetric', thr=0.5),
]
test_evaluator = val_evaluator
