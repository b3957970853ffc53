"""One's own photos with several labels each: train.csv and val.csv in data_root.

`path,label,label...` a line; or .jsonl or .txt, see mmadapt/datasets/label_lists.py.
"""

_base_ = 'image_folder.py'

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
        part='val',
        num_classes=None,
        pipeline={{_base_.test_pipeline}},
        test_mode=True,
    ),
)
test_dataloader = val_dataloader

# Few photos may lack a class, which the plain mean would count as 0.
val_evaluator = [
    dict(type='PresentAveragePrecision'),
    dict(type='MultiLabelMetric', thr=0.5),
]
test_evaluator = val_evaluator
