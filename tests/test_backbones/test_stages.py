"""Options of upstream's backbones that meet ours."""

from __future__ import annotations

from typing import Any

import pytest
from mmengine.registry import MODELS, DefaultScope
from torch import nn

import mmadapt  # noqa: F401
from mmadapt.errors import ConfigError

SWIN = {'embed_dims': 48, 'depths': [2, 2], 'num_heads': [2, 4]}
VIT = {'embed_dims': 48, 'num_layers': 2, 'num_heads': 4, 'feedforward_channels': 96}


def build(scope: str = 'mmpretrain', **options: Any) -> nn.Module:
    with DefaultScope.overwrite_default_scope(scope):
        return MODELS.build({'init_cfg': {'type': 'RandomTrunk'}, **options})


def swin(**options: Any) -> nn.Module:
    inner = {
        'type': 'SwinTransformer',
        'arch': SWIN,
        'out_indices': (1,),
        'img_size': 32,
    }
    return build(
        type='AdaptedBackbone', backbone={**inner, 'frozen_stages': 1}, **options
    )


def test_frozen_stages_leave_the_adapters_alone() -> None:
    model = swin(adapter={'bottleneck': 4})
    model.train()
    adapters = [m for n, m in model.named_modules() if n.endswith('.adapter')]
    assert len(adapters) == 4
    assert all(m.training for m in adapters)
    names = [n for n, p in model.named_parameters() if p.requires_grad]
    assert len(names) == 16
    assert all('.adapter.' in name for name in names)


def test_full_fine_tuning_of_frozen_stages_is_a_contradiction() -> None:
    with pytest.raises(ConfigError, match='frozen_stages=1'):
        swin(adapter=None, trainable='all')
    vit = {'type': 'AdaptFormerViT', 'arch': VIT, 'img_size': 32, 'patch_size': 8}
    with pytest.raises(ConfigError, match='frozen_stages=2'):
        build(**vit, adapter=None, trainable='all', frozen_stages=2)


def test_a_misspelt_option_of_the_inner_backbone_is_not_swallowed() -> None:
    inner = {'type': 'mmaction.VisionTransformer', 'embed_dim': 24, 'depth': 1}
    with pytest.raises(ConfigError, match="Did you mean 'embed_dims'"):
        build(
            'mmaction',
            type='AdaptedBackbone',
            backbone=inner,
            adapter=None,
            init_cfg=None,
        )


def test_a_pretrained_inner_backbone_is_refused() -> None:
    inner = {'type': 'SwinTransformer3D', 'arch': SWIN, 'pretrained': 'swin.pth'}
    with pytest.raises(ConfigError, match="pretrained='swin.pth'"):
        build(
            'mmaction',
            type='AdaptedBackbone',
            backbone=inner,
            adapter=None,
            init_cfg=None,
        )


def test_video_swin_without_a_file_is_initialised() -> None:
    inner = {'type': 'SwinTransformer3D', 'arch': SWIN, 'out_indices': (1,)}
    model = build('mmaction', type='AdaptedBackbone', backbone=inner, adapter={})
    assert sum(p.requires_grad for p in model.parameters()) == 16


@pytest.mark.parametrize('trainable', [None, 5, 'fc_norm', ['fcnorm']])
def test_a_bad_trainable_is_named_before_a_trunk_is_read(trainable: object) -> None:
    vit = {'type': 'AdaptFormerViT', 'arch': VIT, 'img_size': 32, 'patch_size': 8}
    init = {'type': 'PretrainedTrunk', 'checkpoint': 'nosuch.pth'}
    with pytest.raises(ConfigError, match='trainable'):
        build(**vit, adapter=None, trainable=trainable, init_cfg=init)


def test_frames_that_make_no_tubelets_are_refused() -> None:
    vit = {'type': 'AdaptFormerViT', 'embed_dims': 48, 'depth': 1, 'num_heads': 4}
    with pytest.raises(ConfigError, match='num_frames=5, tubelet_size=2'):
        build('mmaction', **vit, num_frames=5, adapter=None)


def test_a_seed_that_is_none_is_refused() -> None:
    vit = {'type': 'AdaptFormerViT', 'arch': VIT, 'img_size': 32, 'patch_size': 8}
    with pytest.raises(ConfigError, match="seed='x'"):
        build(**vit, adapter=None, init_cfg={'type': 'RandomTrunk', 'seed': 'x'})
