"""What the arguments of tools/test.py change in a config."""

from __future__ import annotations

import pytest
from mmengine.config import Config

from mmadapt.config.testing import add_dump, add_tta, show_results
from mmadapt.errors import ConfigError


def config(scope: str = 'mmpretrain') -> Config:
    pipeline = [{'type': 'LoadImageFromFile'}, {'type': 'PackInputs'}]
    return Config(
        {
            'default_scope': scope,
            'model': {'type': 'ImageClassifier'},
            'test_dataloader': {'dataset': {'type': 'X', 'pipeline': pipeline}},
            'test_evaluator': {'type': 'Accuracy'},
        }
    )


def test_dump_stands_beside_the_metrics() -> None:
    cfg = config()
    add_dump(cfg, 'a.pkl')
    add_dump(cfg, 'b.pickle')
    assert [metric.type for metric in cfg.test_evaluator] == [
        'Accuracy',
        'DumpResults',
        'DumpResults',
    ]
    assert cfg.test_evaluator[2].out_file_path == 'b.pickle'


def test_dump_that_is_no_pickle() -> None:
    with pytest.raises(ConfigError, match='--out-item metrics'):
        add_dump(config(), 'a.json')


def test_flip_is_the_default_augmentation() -> None:
    cfg = config()
    add_tta(cfg)
    assert cfg.model.type == 'mmpretrain.AverageClsScoreTTA'
    assert cfg.model.module.type == 'ImageClassifier'
    load, both = cfg.test_dataloader.dataset.pipeline
    assert load.type == 'LoadImageFromFile'
    assert [flip.prob for flip in both.transforms[0]] == [1.0, 0.0]
    assert both.transforms[1][0].type == 'PackInputs'


def test_augmentation_of_the_config_itself() -> None:
    cfg = config('mmaction')
    cfg.tta_model = {'type': 'Mine'}
    cfg.tta_pipeline = [{'type': 'Augment'}]
    add_tta(cfg)
    assert (cfg.model.type, cfg.model.module.type) == ('Mine', 'ImageClassifier')
    assert [one.type for one in cfg.test_dataloader.dataset.pipeline] == ['Augment']


def test_augmentation_of_a_held_out_part() -> None:
    cfg = config()
    plain = cfg.test_dataloader.dataset
    held = {'type': 'StratifiedPart', 'pipeline': plain.pop('pipeline')}
    cfg.test_dataloader.dataset = {**held, 'dataset': plain}
    add_tta(cfg)
    assert cfg.test_dataloader.dataset.pipeline[1].type == 'TestTimeAug'
    assert 'pipeline' not in cfg.test_dataloader.dataset.dataset


def test_clips_have_no_default_augmentation() -> None:
    with pytest.raises(ConfigError, match='num_clips'):
        add_tta(config('mmaction'))


@pytest.mark.parametrize(
    ('scope', 'hook', 'visualizer'),
    [
        ('mmpretrain', 'ShowImageHook', 'UniversalVisualizer'),
        ('mmaction', 'ShowClipHook', 'mmengine.Visualizer'),
    ],
)
def test_pictures(scope: str, hook: str, visualizer: str) -> None:
    cfg = config(scope)
    show_results(cfg, False, 'pictures', 3, 0.5)
    drawing = cfg.default_hooks.visualization
    assert (drawing.type, drawing.enable, drawing.out_dir) == (hook, True, 'pictures')
    assert (drawing.interval, drawing.wait_time, drawing.show) == (3, 0.5, False)
    assert cfg.visualizer.type == visualizer


def test_pictures_keep_what_the_config_says() -> None:
    cfg = config()
    cfg.default_hooks = {'visualization': {'type': 'Mine', 'rescale_factor': 2}}
    cfg.visualizer = {'type': 'MyVisualizer'}
    show_results(cfg, True, None, 1, 2)
    drawing = cfg.default_hooks.visualization
    assert (drawing.type, drawing.rescale_factor, drawing.show) == ('Mine', 2, True)
    assert cfg.visualizer.type == 'MyVisualizer'


def test_pictures_of_another_library() -> None:
    with pytest.raises(ConfigError, match="default_scope='mmdet'"):
        show_results(config('mmdet'), True, None, 1, 2)
