"""Classes found in the data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from mmadapt.config.classes import fill_classes, find_classes
from mmadapt.errors import ConfigError, DataError
from tests.tasks import write_images


def config(root: Path, **dataset: Any) -> Config:
    leaf = {'type': 'CustomDataset', 'data_root': str(root), 'data_prefix': 'train'}
    return Config(
        {
            'default_scope': 'mmpretrain',
            'model': {'head': {'num_classes': None, 'topk': (1, 5)}},
            'data_preprocessor': {'num_classes': None},
            'val_evaluator': [{'type': 'Accuracy', 'topk': (1, 5)}],
            'test_evaluator': {
                'type': 'AccMetric',
                'metric_options': {'top_k_accuracy': {'topk': (5,)}},
            },
            'train_dataloader': {'dataset': {**leaf, **dataset}},
        }
    )


def test_folders_are_classes(tmp_path: Path) -> None:
    cfg = config(write_images(tmp_path, ('a', 'b', 'c')))
    assert find_classes(cfg, 'train') == ['a', 'b', 'c']


def test_number_goes_to_head_and_preprocessor_and_limits_topk(tmp_path: Path) -> None:
    cfg = config(write_images(tmp_path, ('a', 'b', 'c')))
    fill_classes(cfg, 'train', None)
    assert cfg.model.head.num_classes == cfg.data_preprocessor.num_classes == 3
    assert cfg.num_classes == 3
    assert tuple(cfg.val_evaluator[0].topk) == tuple(cfg.model.head.topk) == (1,)
    assert tuple(cfg.test_evaluator.metric_options.top_k_accuracy.topk) == (1,)


def test_default_topk_is_limited_too(tmp_path: Path) -> None:
    cfg = config(write_images(tmp_path, ('a', 'b', 'c')))
    cfg.model.cls_head = {'type': 'mmaction.BNLinearHead', 'num_classes': None}
    cfg.model.head.topk = 1
    cfg.test_evaluator = {'type': 'mmaction.AccMetric', 'metric_list': 'top_k_accuracy'}
    fill_classes(cfg, 'train', None)
    assert tuple(cfg.model.cls_head.topk) == (1,)
    assert cfg.model.head.topk == 1
    options = cfg.test_evaluator.metric_options
    assert tuple(options.top_k_accuracy.topk) == (1,)


def test_default_topk_of_enough_classes_stays(tmp_path: Path) -> None:
    cfg = config(write_images(tmp_path, 'abcde', per_class=1))
    cfg.test_evaluator = {'type': 'mmaction.AccMetric'}
    fill_classes(cfg, 'train', None)
    assert 'metric_options' not in cfg.test_evaluator
    assert tuple(cfg.val_evaluator[0].topk) == (1, 5)


def test_one_class_can_not_be_learned(tmp_path: Path) -> None:
    cfg = config(write_images(tmp_path, ('cat',)))
    with pytest.raises(DataError, match="there is one class, 'cat'"):
        fill_classes(cfg, 'train', None)
    cfg.num_classes = 1  # said by the user
    fill_classes(cfg, 'train', None)
    assert cfg.model.head.num_classes == 1


def test_one_label_that_a_photo_has_or_not_can_be_learned(tmp_path: Path) -> None:
    (tmp_path / 'train.csv').write_text('a.jpg,boat\nb.jpg,\n')
    for name in ('a.jpg', 'b.jpg'):
        (tmp_path / name).write_text('')
    several = {'type': 'MultiLabelList', 'part': 'train', 'data_prefix': ''}
    cfg = config(tmp_path, **several)
    del cfg.train_dataloader.dataset['data_prefix']
    assert find_classes(cfg, 'train') == ['boat']


def test_written_number_stays_and_no_data_is_read(tmp_path: Path) -> None:
    cfg = config(tmp_path / 'nowhere')
    cfg.model.head.num_classes = cfg.data_preprocessor.num_classes = 7
    fill_classes(cfg, 'train', None)
    assert cfg.model.head.num_classes == 7
    assert tuple(cfg.val_evaluator[0].topk) == (1, 5)


def test_task_file_tells_where_there_is_no_data(tmp_path: Path) -> None:
    cfg = config(tmp_path / 'nowhere')
    fill_classes(cfg, 'predict', 4)
    assert cfg.model.head.num_classes == 4


def test_datasets_that_ask_for_the_number_get_it(tmp_path: Path) -> None:
    write_images(tmp_path, ('a', 'b', 'c'))
    cfg = config(tmp_path, type='ImageFolder', num_classes=None)
    fill_classes(cfg, 'train', None)
    assert cfg.train_dataloader.dataset.num_classes == 3


def test_a_dataset_alone_needs_no_number(tmp_path: Path) -> None:
    cfg = config(tmp_path / 'nowhere', type='ImageFolder', num_classes=None)
    cfg.model.head.num_classes = cfg.data_preprocessor.num_classes = 7
    fill_classes(cfg, 'predict', None)
    assert cfg.train_dataloader.dataset.num_classes is None


def test_nothing_tells(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='num_classes=N'):
        fill_classes(config(tmp_path / 'nowhere'), 'test', None)


def test_empty_class(tmp_path: Path) -> None:
    root = write_images(tmp_path, ('a', 'b'))
    (root / 'train' / 'zebra').mkdir()
    with pytest.raises(DataError, match="no sample of 'zebra'"):
        find_classes(config(root), 'train')


def test_list_with_labels_and_names(tmp_path: Path) -> None:
    (tmp_path / 'train.txt').write_text('x/1.png 0\nx/2.png 1\nx/3.png 1\n')
    cfg = config(tmp_path, ann_file='train.txt', data_prefix='')
    assert find_classes(cfg, 'train') == ['0', '1']
    names = {'classes': ['left', 'right']}
    named = config(tmp_path, ann_file='train.txt', data_prefix='', metainfo=names)
    assert find_classes(named, 'train') == ['left', 'right']


def test_list_with_a_hole(tmp_path: Path) -> None:
    (tmp_path / 'train.txt').write_text('x/1.png 0\nx/2.png 2\n')
    with pytest.raises(DataError, match="no sample of '1'"):
        find_classes(config(tmp_path, ann_file='train.txt', data_prefix=''), 'train')


def test_label_without_a_name(tmp_path: Path) -> None:
    (tmp_path / 'train.txt').write_text('x/1.png 0\nx/2.png 5\n')
    cfg = config(
        tmp_path, ann_file='train.txt', data_prefix='', metainfo={'classes': ['a']}
    )
    with pytest.raises(DataError, match=r'labels \[5\] have no class'):
        find_classes(cfg, 'train')


def test_a_part_that_is_tested_may_lack_a_class(tmp_path: Path) -> None:
    (tmp_path / 'val.txt').write_text('x/1.png 0\nx/2.png 2\n')
    part = {'ann_file': 'val.txt', 'data_prefix': '', 'test_mode': True}
    assert find_classes(config(tmp_path, **part), 'test') == ['0', '1', '2']
