"""The configs of trunks that are sharded: counted block by block, run cut down."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import mmpretrain
import pytest
import yaml
from mmengine.config import Config
from mmengine.registry import MODELS, OPTIM_WRAPPERS, RUNNERS, STRATEGIES, DefaultScope

import mmadapt
from mmadapt import launch
from mmadapt.config import load_config, merge_options, resolve_config
from mmadapt.precision import stored
from mmadapt.sharding import is_sharded
from mmadapt.wrapping import unwrapped
from tests.processes import in_processes
from tests.test_configs.imitations import photo, write_lists
from tests.test_configs.test_build import CONFIGS, name_of

SCALE = sorted((CONFIGS / 'scale').glob('*.py'))

SIZES = {
    'dinov2-giant_imagenet.py': (1536, 40, 1000, 0),
    'eva02-large_frames-16_ssv2.py': (1024, 24, 174, 2 * 1024),
    'vit-huge_frames-16_ssv2.py': (1280, 32, 174, 2 * 1280),
    'videomae-giant_frames-16_ssv2.py': (1408, 40, 174, 2 * 1408),
    'videomae-giant_frames-16_zero_ssv2.py': (1408, 40, 174, 2 * 1408),
}
"""Width, blocks, classes, and the parameters of a norm that trains too."""

FROZEN = {
    'dinov2-giant_imagenet.py': 1_134_769_664,
    'eva02-large_frames-16_ssv2.py': 303_291_328,
    'vit-huge_frames-16_ssv2.py': 631_604_480,
    'videomae-giant_frames-16_ssv2.py': 1_011_607_936,
    'videomae-giant_frames-16_zero_ssv2.py': 1_011_607_936,
}
"""Parameters of the trunk, as docs/scaling.md has them."""

TOKENS = {
    'vit-huge_frames-16_ssv2.py': 1568,
    'videomae-giant_frames-16_ssv2.py': 2048,
    'videomae-giant_frames-16_zero_ssv2.py': 2048,
}

LISTED = {
    Path(model['Config']).name: model['Metadata']['Trainable Parameters']
    for model in yaml.safe_load((CONFIGS / 'scale' / 'metafile.yml').read_text())[
        'Models'
    ]
}

each_config = pytest.mark.parametrize('path', SCALE, ids=lambda path: path.name)


def by_deepspeed(path: Path) -> bool:
    """Whether DeepSpeed deals the trunk out; in float32, and where it is installed."""
    return bool(load_config(path).strategy.type == 'ZeroStrategy')


def of_depth(path: Path, depth: int) -> Any:
    """The model of a config, at its full width."""
    cfg = load_config(path)
    cfg.model.backbone.init_cfg = None
    resolved = resolve_config(cfg, 'predict')
    backbone = resolved.model.backbone
    if 'backbone' in backbone:
        zoo = MODELS.get(backbone.backbone.type).arch_zoo
        backbone.backbone.arch = {**zoo[backbone.backbone.arch], 'num_layers': depth}
    elif 'depth' in backbone:
        backbone.depth = depth
    else:
        backbone.arch.num_layers = depth
    with DefaultScope.overwrite_default_scope(resolved.default_scope):
        return MODELS.build(resolved.model)


@each_config
def test_it_builds_and_its_parameters_are_those_listed(path: Path) -> None:
    width, depth, classes, norm = SIZES[path.name]
    one, two = of_depth(path, 1), of_depth(path, 2)
    assert bool(stored(two)) == (not by_deepspeed(path))
    if path.name in TOKENS:
        assert two.backbone.pos_embed.shape == (1, TOKENS[path.name], width)
    reports = [mmadapt.parameter_report(model) for model in (one, two)]
    # Blocks are alike, so that two of them tell the size of all.
    trainable, frozen = (
        first + (depth - 1) * (second - first)
        for first, second in (
            [report.trainable for report in reports],
            [report.total - report.trainable for report in reports],
        )
    )
    adapter = 2 * 64 * width + 64 + width
    assert trainable == depth * adapter + (width + 1) * classes + norm
    assert trainable == LISTED[path.name]
    assert frozen == FROZEN[path.name]


@pytest.mark.parametrize(
    ('config', 'trunk'),
    [
        ('dinov2-giant_imagenet.py', 'dinov2/vit-giant-p14_dinov2-pre_headless.py'),
        ('eva02-large_frames-16_ssv2.py', 'eva02/eva02-large-p14_headless.py'),
    ],
)
def test_pixels_are_those_that_the_trunk_was_trained_on(
    config: str, trunk: str
) -> None:
    zoo = Path(mmpretrain.__file__).parent / '.mim' / 'configs' / trunk
    told = Config.fromfile(zoo).data_preprocessor
    cfg = load_config(CONFIGS / 'scale' / config)
    found = cfg.model.get('data_preprocessor') or cfg.data_preprocessor
    for key in ('mean', 'std'):
        assert list(found[key]) == pytest.approx(list(told[key]))


def test_a_step_takes_as_many_samples_as_its_learning_rate_is_meant_for() -> None:
    for path in SCALE:
        cfg = load_config(path)
        command = re.search(r'NNODES=(\d+) .* (\d+) ', path.read_text())
        assert command is not None, path
        processes = int(command[1]) * int(command[2])
        taken = processes * cfg.train_dataloader.batch_size
        assert taken == cfg.auto_scale_lr.base_batch_size, path


@each_config
def test_its_sizes_are_those_of_the_trunk(path: Path) -> None:
    cfg = load_config(path)
    width, depth, *_ = SIZES[path.name]
    if path.name.startswith('eva02'):
        zoo = MODELS.get(cfg.model.backbone.backbone.type).arch_zoo
        assert (zoo['l']['embed_dims'], zoo['l']['num_layers']) == (width, depth)
    elif path.name.startswith('vit-huge'):
        assert cfg.arch == 'huge'
    else:
        assert (cfg.arch.embed_dims, cfg.arch.num_layers) == (width, depth)
    assert RUNNERS.get(cfg.runner_type) is not None
    assert STRATEGIES.get(cfg.strategy.type) is not None
    wrapper = cfg.optim_wrapper.get('type', 'OptimWrapper')
    assert OPTIM_WRAPPERS.get(wrapper) is not None
    assert cfg.optim_wrapper.constructor == 'TrainableOptimWrapperConstructor'


def cut_down(path: Path, root: Path) -> Config:
    """A config with two narrow blocks, on two samples a process."""
    cfg = load_config(path)
    backbone = cfg.model.backbone
    small = {
        'embed_dims': 48,
        'num_layers': 2,
        'num_heads': 4,
        'feedforward_channels': 96,
    }
    options: dict[str, Any] = {
        'data_root': str(root / 'data'),
        'work_dir': str(root / 'work'),
        'launcher': 'pytorch',
        'model.backbone.init_cfg.type': 'RandomTrunk',
        'train_cfg.max_epochs': 1,
        'param_scheduler.warmup': 0,
    }
    if not by_deepspeed(path):
        options['optim_wrapper.type'] = 'CpuAmpOptimWrapper'
    for loader in ('train', 'val', 'test'):
        options[f'{loader}_dataloader.batch_size'] = 2
        options[f'{loader}_dataloader.num_workers'] = 0
    if 'num_frames' in cfg:
        options |= {'num_frames': 2, 'num_classes': 4}
    if 'backbone' in backbone:
        backbone.backbone.arch = small
        options['model.cls_head.in_channels'] = 48
    else:
        cfg.arch = small
    return resolve_config(merge_options(cfg, options))


def scores(cfg: Config) -> dict[str, Any]:
    """The test's metrics, behind an epoch of training."""
    runner = launch.build_runner(cfg)
    runner.train()
    assert is_sharded(unwrapped(runner.model))
    assert runner.iter == 1
    return runner.test()


@pytest.mark.slow
@each_config
def test_two_processes_train_and_test_it(path: Path, tmp_path: Path) -> None:
    if by_deepspeed(path):
        pytest.importorskip('deepspeed', reason='DeepSpeed is not installed')
    root = tmp_path / 'data'
    root.mkdir()
    if path.stem.endswith('ssv2'):
        write_lists(root, 4, 'csv', ['train', 'val', 'test'])
    else:
        (root / 'meta').mkdir()
        for part in ('train', 'val'):
            names = [f'a/{index}.JPEG' for index in range(4)]
            lines = [f'{name} {index}\n' for index, name in enumerate(names)]
            (root / 'meta' / f'{part}.txt').write_text(''.join(lines))
            for name in names:
                photo(root / part / name)
    cfg = cut_down(path, tmp_path)
    found = in_processes(2, lambda rank: scores(cfg), tmp_path)
    assert found[0] == found[1]
    assert not isinstance(found[0], str), found[0]
    assert [name for name in found[0] if 'top1' in name], name_of(path)
    assert (tmp_path / 'work' / 'epoch_1.pth').is_file()
