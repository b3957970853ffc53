"""A merged checkpoint computes what trunk and task compute together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.runner import load_checkpoint

from mmadapt.errors import TaskFileError
from mmadapt.weights.merge import merged_state, plain_model

from ..helpers import randomise
from . import foreign
from .models import build, image_model, output, video_model


def wrapped_model(trunk: str | None, **options: Any) -> dict[str, Any]:
    config = image_model(trunk)
    inner = {k: v for k, v in config['backbone'].items() if k != 'init_cfg'}
    config['backbone'] = {
        'type': 'AdaptedBackbone',
        'backbone': {**inner, 'type': 'VisionTransformer'},
        'init_cfg': config['backbone']['init_cfg'],
        **options,
    }
    return config


CASES = {
    'image adapter': (image_model, {'adapter': {'bottleneck': 4}}, 'AdaptFormerViT'),
    'image linear': (image_model, {'adapter': None}, 'VisionTransformer'),
    'image full': (
        image_model,
        {'adapter': None, 'trainable': 'all'},
        'VisionTransformer',
    ),
    'wrapped adapter': (wrapped_model, {'adapter': {}}, 'AdaptedBackbone'),
    'wrapped linear': (wrapped_model, {'adapter': None}, 'VisionTransformer'),
    'video adapter': (video_model, {'adapter': {'bottleneck': 4}}, 'AdaptFormerViT'),
    'video linear': (video_model, {'adapter': None}, 'VisionTransformer'),
}


@pytest.mark.parametrize(('face', 'options', 'kind'), CASES.values(), ids=CASES)
def test_a_merged_model_is_the_adapted_one(
    face: Any, options: dict[str, Any], kind: str, tmp_path: Path
) -> None:
    """The video trunk is an image file's: its position table is a buffer to carry."""
    trunk = str(tmp_path / 'trunk.pth')
    torch.save(foreign.timm_state(), trunk)
    config = face(trunk, **options)
    model = build(config)
    for name, child in model.named_children():
        if name != 'backbone':
            randomise(child)
    for module in model.modules():
        if type(module).__name__ == 'AdaptMLP':
            randomise(module)
    expected = output(model)

    plain_config = plain_model(config)
    assert plain_config['backbone']['type'] == kind
    assert trunk not in str(plain_config)
    assert config == face(trunk, **options)
    file = tmp_path / 'merged.pth'
    torch.save({'state_dict': merged_state(model, build(plain_config))}, file)
    (tmp_path / 'trunk.pth').unlink()
    plain = build(plain_config)
    assert not torch.equal(output(plain), expected)
    load_checkpoint(plain, str(file), map_location='cpu', strict=True)
    # MMAction2's own ViT has another attention than the adapted one.
    torch.testing.assert_close(output(plain), expected, atol=1e-5, rtol=1e-5)


def test_a_scope_is_kept() -> None:
    config = {'backbone': {'type': 'mmpretrain.AdaptFormerViT', 'adapter': None}}
    assert plain_model(config) == {'backbone': {'type': 'mmpretrain.VisionTransformer'}}


def test_forms_of_two_models_are_refused(tmp_path: Path) -> None:
    plain = build(plain_model(image_model(None, adapter=None)))
    other = image_model(None, adapter={'bottleneck': 4}, trainable='all')
    other['backbone']['init_cfg'] = {'type': 'RandomTrunk'}
    with pytest.raises(TaskFileError, match='adapter'):
        merged_state(build(other), plain)


def test_what_is_for_frozen_blocks_is_left_out() -> None:
    config = image_model(None, adapter={'bottleneck': 4}, fused_mlp=True)
    plain = plain_model(config)
    assert 'fused_mlp' not in plain['backbone'] and config['backbone']['fused_mlp']
    names = build(plain).state_dict().keys()
    config['backbone']['init_cfg'] = {'type': 'RandomTrunk'}
    assert names == build(config).state_dict().keys()
