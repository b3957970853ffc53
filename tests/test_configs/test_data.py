"""The datasets and pipelines of the shipped configs, on imitations of their data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS, DefaultScope

from mmadapt.config import load_config, merge_options, resolve_config
from mmadapt.errors import DataError
from tests.test_configs.imitations import SIZES, write_data
from tests.test_configs.test_build import CONFIGS

PHOTOS = ['cifar100', 'svhn', 'food101', 'imagenet']
IMAGES = [(data, data) for data in PHOTOS]
SEVERAL = [(data, data) for data in ('nuswide', 'image_multilabel')]
CLIPS = [(data, data) for data in ('ssv2', 'hmdb51')]


@pytest.fixture
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The data of one config, by its name."""
    write_data(request.param, tmp_path, request.getfixturevalue('monkeypatch'))
    return tmp_path


def resolved(data: str, root: Path, **options: Any) -> Config:
    """A shipped config on data, with the trunk left out."""
    cfg = load_config(CONFIGS / f'adaptformer_{data}.py')
    cfg.model.backbone.init_cfg = None
    merge_options(cfg, {'data_root': str(root), 'arch': 'deit-tiny', **options})
    return resolve_config(cfg, 'train')


def build(cfg: Config, loader: str) -> Any:
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        return DATASETS.build(cfg[loader].dataset)


@pytest.mark.parametrize(('data', 'root'), IMAGES, indirect=['root'])
def test_images(data: str, root: Path) -> None:
    cfg = resolved(data, root)
    assert cfg.model.head.num_classes == SIZES[data]
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        dataset = build(cfg, loader)
        assert len(dataset.metainfo['classes']) == SIZES[data]
        sample = dataset[1]
        assert sample['inputs'].shape == (3, 224, 224)
        assert sample['inputs'].dtype == torch.uint8
        assert 0 <= int(sample['data_samples'].gt_label) < SIZES[data]


@pytest.mark.parametrize(
    ('data', 'root'),
    [(d, d) for d in ('nuswide', 'image_multilabel')],
    indirect=['root'],
)
def test_several_labels(data: str, root: Path) -> None:
    cfg = resolved(data, root)
    assert cfg.model.head.num_classes == SIZES[data]
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        dataset = build(cfg, loader)
        assert len(dataset.metainfo['classes']) == SIZES[data]
        scores = [dataset[i]['data_samples'].gt_score for i in range(3)]
        assert all(score.shape == (SIZES[data],) for score in scores)
        assert scores[0][0] == scores[1][1] == 1
        assert [int(score.sum()) for score in scores] == [
            (SIZES[data] + 1) // 2,
            SIZES[data] // 2,
            0,
        ]
        assert dataset[0]['inputs'].shape == (3, 224, 224)


@pytest.mark.parametrize(('data', 'root'), CLIPS, indirect=['root'])
def test_clips(data: str, root: Path) -> None:
    cfg = resolved(data, root)
    views = {'train_dataloader': 1, 'val_dataloader': 1, 'test_dataloader': 12}
    for loader, count in views.items():
        dataset = build(cfg, loader)
        assert len(dataset) == SIZES[data]
        sample = dataset[SIZES[data] - 1]
        assert sample['inputs'].shape == (count, 3, 8, 224, 224)
        assert int(sample['data_samples'].gt_label) == SIZES[data] - 1


@pytest.mark.parametrize(('data', 'root'), CLIPS[1:], indirect=['root'])
def test_a_label_past_the_last_class_is_refused(data: str, root: Path) -> None:
    with (root / 'split1' / 'val.csv').open('a') as file:
        file.write('a clip.mp4 51\n')
    with pytest.raises(DataError, match=r'line 52: label 51 has no class'):
        build(resolved(data, root), 'val_dataloader')


@pytest.mark.parametrize('root', ['image_folder'], indirect=True)
def test_a_folder_of_photos_needs_nothing_but_its_name(root: Path) -> None:
    cfg = resolved('image_folder', root)
    assert cfg.model.head.num_classes == 2
    assert cfg.model.head.in_channels == cfg.model.neck.input_features == 192
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        dataset = build(cfg, loader)
        assert dataset.metainfo['classes'] == ('air', 'sea')
        assert dataset[1]['inputs'].shape == (3, 224, 224)
        assert int(dataset[1]['data_samples'].gt_label) == 1


@pytest.mark.parametrize('root', ['video_list'], indirect=True)
def test_a_list_of_clips_needs_nothing_but_its_folder(root: Path) -> None:
    (root / 'classes.txt').write_text('walk\nrun\n')
    cfg = resolved('video_list', root)
    assert cfg.model.cls_head.num_classes == 2
    assert cfg.model.cls_head.in_channels == cfg.model.backbone.embed_dims == 192
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        dataset = build(cfg, loader)
        assert dataset.metainfo['classes'] == ('walk', 'run')
        assert dataset[1]['inputs'].shape == (1, 3, 8, 224, 224)


@pytest.mark.parametrize('root', ['video_list'], indirect=True)
def test_a_held_out_part_in_place_of_a_validation_list(root: Path) -> None:
    (root / 'val.txt').unlink()
    with pytest.raises(DataError, match=r'val\.txt.*holdout=0\.2'):
        resolved('video_list', root)
    train = (root / 'train.txt').read_text()
    (root / 'train.txt').write_text(train * 5)
    cfg = resolved('video_list', root, holdout=0.2)
    sizes = [len(build(cfg, f'{part}_dataloader')) for part in ('train', 'val', 'test')]
    assert sizes == [8, 2, 2]
    held = build(cfg, 'val_dataloader')
    assert held.test_mode is True
    assert {held.get_data_info(i)['label'] for i in range(2)} == {0, 1}


@pytest.mark.parametrize('data', [*PHOTOS, 'nuswide', 'ssv2', 'hmdb51'])
def test_a_missing_folder_is_named_before_anything_is_built(
    data: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match='nowhere.*does not exist.*data_root=FOLDER'):
        resolved(data, tmp_path / 'nowhere')


@pytest.mark.parametrize('data', [*PHOTOS, 'nuswide'])
def test_an_empty_folder_is_named(data: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f'{tmp_path}.*data_root'):
        build(resolved(data, tmp_path), 'train_dataloader')
