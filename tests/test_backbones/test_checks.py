"""A backbone's config is checked before anything is built."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from mmaction.models.backbones.vit_mae import VisionTransformer as VideoViT

from mmadapt.backbones import image, video
from mmadapt.backbones.checks import check_arch, check_inner_init, check_video_backbone
from mmadapt.errors import ConfigError


def test_a_misspelt_option_is_found_where_upstream_swallows_it() -> None:
    VideoViT(img_size=16, embed_dims=8, depth=1, num_heads=1, tublet_size=1)  # no word
    with pytest.raises(ConfigError, match="Did you mean 'tubelet_size'"):
        check_arch({'tublet_size': 1}, VideoViT, required=())


def test_an_option_that_upstream_ignores_is_refused() -> None:
    with pytest.raises(ConfigError, match="no option 'pretrained'"):
        check_arch({'pretrained': 'f.pth'}, VideoViT, (), refused=('pretrained',))


def test_an_unset_shape_says_where_it_comes_from() -> None:
    with pytest.raises(ConfigError, match=r'embed_dims=None.*trunk=FILE'):
        check_arch({'embed_dims': None}, VideoViT, required=('embed_dims',))


def test_an_absent_shape_is_the_default_of_the_class() -> None:
    check_arch({}, VideoViT, required=('embed_dims',))


def test_inner_config_is_copied() -> None:
    config = {'type': 'SwinTransformer', 'init_cfg': {'type': 'Kaiming'}}
    assert check_inner_init(config) == config
    assert check_inner_init(config) is not config


def test_inner_config_needs_a_type() -> None:
    with pytest.raises(ConfigError, match='a config with a type'):
        check_inner_init({'arch': 'base'})


def test_mmpretrain_inside_mmactions_face_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'mmpretrain.AdaptedBackbone'"):
        check_video_backbone({'type': 'mmpretrain.SwinTransformer'})
    check_video_backbone({'type': 'VisionTransformer'})


def test_a_whole_model_is_no_backbone() -> None:
    with pytest.raises(ConfigError, match='HuggingFaceClassifier is a whole model'):
        check_inner_init({'type': 'mmpretrain.HuggingFaceClassifier'})


@pytest.mark.parametrize('heads', [-1, 0, 5, 3.0, None])
@pytest.mark.parametrize('face', ['mmpretrain', 'mmaction'])
def test_a_width_is_a_multiple_of_its_heads(face: str, heads: object) -> None:
    build: Any
    sizes: dict[str, Any] = {'embed_dims': 48, 'num_heads': heads}
    if face == 'mmpretrain':
        sizes |= {'num_layers': 1, 'feedforward_channels': 96}
        build = partial(image.AdaptFormerViT, arch=sizes)
    else:
        if heads is None:
            sizes['num_heads'] = True
        build = partial(video.AdaptFormerViT, depth=1, **sizes)
    with pytest.raises(ConfigError, match='embed_dims=48, num_heads='):
        build(adapter={'type': 'AdaptMLP', 'bottleneck': 4})
