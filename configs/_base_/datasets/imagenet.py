"""ImageNet-1k, 1,281,167 and 50,000 photos: train/, val/ and meta/ in data_root.

Crops, sizes and flips as in the paper's recipe for the other images.
"""

_base_ = 'food101.py'

train_dataloader = dict(dataset=dict(type='LocalImageNet', split='train'))
val_dataloader = dict(dataset=dict(type='LocalImageNet', split='val'))
test_dataloader = val_dataloader
