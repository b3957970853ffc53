"""What a config takes from the trunk's file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config

from mmadapt.config.trunk import PUBLISHED, fill_trunk
from mmadapt.errors import ConfigError, WeightsError
from tests.tasks import write_trunk


def image(**changes: Any) -> Config:
    backbone = {
        'type': 'AdaptFormerViT',
        'arch': None,
        'patch_size': None,
        'init_cfg': {'type': 'PretrainedTrunk', 'checkpoint': None},
    }
    model = {
        'backbone': {**backbone, **changes.pop('backbone', {})},
        'neck': {'type': 'ClsBatchNormNeck', 'input_features': None},
        'head': {'type': 'LinearClsHead', 'in_channels': None},
    }
    return Config({'model': model, 'trunk': None, 'arch': None, **changes})


def video(**changes: Any) -> Config:
    backbone = {
        'type': 'mmaction.AdaptFormerViT',
        'embed_dims': None,
        'depth': None,
        'num_heads': None,
        'init_cfg': {'type': 'PretrainedTrunk', 'checkpoint': None},
    }
    model = {'backbone': backbone, 'cls_head': {'in_channels': None}}
    return Config({'model': model, 'trunk': None, 'arch': None, **changes})


def test_sizes_from_the_file(tmp_path: Path) -> None:
    cfg = image(trunk=write_trunk(tmp_path / 't.pth'), arch={'num_heads': 4})
    fill_trunk(cfg)
    backbone = cfg.model.backbone
    assert backbone.arch == {
        'embed_dims': 48,
        'num_layers': 2,
        'num_heads': 4,
        'feedforward_channels': 96,
    }
    assert backbone.patch_size == 8
    assert backbone.init_cfg.checkpoint == str(tmp_path / 't.pth')
    assert cfg.model.neck.input_features == cfg.model.head.in_channels == 48


def test_heads_beside_the_backbone(tmp_path: Path) -> None:
    cfg = image(
        trunk=write_trunk(tmp_path / 't.pth'), backbone={'arch': {'num_heads': 2}}
    )
    fill_trunk(cfg)
    assert cfg.model.backbone.arch.num_heads == 2
    assert cfg.model.backbone.arch.embed_dims == 48


def test_clips_take_the_names_of_mmaction(tmp_path: Path) -> None:
    cfg = video(trunk=write_trunk(tmp_path / 't.pth'), arch={'num_heads': 4})
    fill_trunk(cfg)
    backbone = cfg.model.backbone
    assert (backbone.embed_dims, backbone.depth, backbone.num_heads) == (48, 2, 4)
    assert backbone.mlp_ratio == 2
    assert cfg.model.cls_head.in_channels == 48


def test_arch_by_name_needs_no_file() -> None:
    cfg = video(arch='deit-tiny')
    cfg.model.backbone.init_cfg = {'type': 'RandomTrunk'}
    fill_trunk(cfg)
    assert (cfg.model.backbone.embed_dims, cfg.model.cls_head.in_channels) == (192, 192)


def test_published_sizes_are_those_of_mmpretrain() -> None:
    from mmpretrain.models.backbones import VisionTransformer

    for name, (width, depth, heads) in PUBLISHED.items():
        known = VisionTransformer.arch_zoo[name]
        assert (width, depth, heads) == (
            known['embed_dims'],
            known['num_layers'],
            known['num_heads'],
        )
        assert known['feedforward_channels'] == 4 * width


def test_written_sizes_stay() -> None:
    cfg = image(backbone={'arch': 'base', 'init_cfg': {'type': 'RandomTrunk'}})
    fill_trunk(cfg)
    assert cfg.model.backbone.arch == 'base'
    assert cfg.model.head.in_channels == 768


def test_random_trunk_over_a_pretrained_one_drops_the_open_checkpoint() -> None:
    left = {'type': 'RandomTrunk', 'checkpoint': None}
    cfg = image(arch='base', backbone={'init_cfg': left})
    fill_trunk(cfg)
    assert cfg.model.backbone.init_cfg == {'type': 'RandomTrunk'}


def test_model_inside_a_wrapper(tmp_path: Path) -> None:
    cfg = image(trunk=write_trunk(tmp_path / 't.pth'), arch={'num_heads': 4})
    cfg.model = {'type': 'AverageClsScoreTTA', 'module': cfg.model}
    fill_trunk(cfg)
    assert cfg.model.module.neck.input_features == 48


def test_no_trunk_named() -> None:
    with pytest.raises(ConfigError, match='--cfg-options trunk=FILE'):
        fill_trunk(image())


def test_trunk_not_there(tmp_path: Path) -> None:
    write_trunk(tmp_path / 'tiny.pth')
    with pytest.raises(WeightsError, match='no such file') as error:
        fill_trunk(image(trunk=tmp_path / 'tyni.pth'))
    assert 'Did you mean' in str(error.value)


def test_nothing_tells_the_arch() -> None:
    with pytest.raises(ConfigError, match='no arch'):
        fill_trunk(image(backbone={'init_cfg': {'type': 'RandomTrunk'}}))


@pytest.mark.parametrize('where', ['top', 'backbone'])
def test_unknown_arch(where: str) -> None:
    init = {'type': 'RandomTrunk'}
    top = image(arch='bse', backbone={'init_cfg': init})
    inner = image(backbone={'arch': 'bse', 'init_cfg': init})
    with pytest.raises(ConfigError, match="Did you mean 'base'"):
        fill_trunk(top if where == 'top' else inner)


def test_truncated_trunk(tmp_path: Path) -> None:
    whole = write_trunk(tmp_path / 't.pth').read_bytes()
    (tmp_path / 'cut.pth').write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError, match="can't be read"):
        fill_trunk(image(trunk=tmp_path / 'cut.pth'))


def test_trunk_of_another_kind(tmp_path: Path) -> None:
    torch.save({'conv1.weight': torch.zeros(2, 2)}, tmp_path / 'resnet.pth')
    with pytest.raises(WeightsError, match='ViT checkpoints'):
        fill_trunk(image(trunk=tmp_path / 'resnet.pth'))
