"""Trunk files of the sharded configs, cut down, under the names that are published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.registry import MODELS, DefaultScope

from mmadapt.config import load_config, resolve_config
from tests.test_configs.test_build import CONFIGS

WIDTH, HIDDEN, HEADS = 88, 384, 2
"""As of ViT-g, the MLP is 48/11 as wide as the block."""

SIZES = {
    'embed_dims': WIDTH,
    'num_layers': 2,
    'num_heads': HEADS,
    'feedforward_channels': HIDDEN,
}

MMACTION = {
    'patch_embed.proj.': 'patch_embed.projection.',
    'mlp.fc1': 'mlp.layers.0.0',
    'mlp.fc2': 'mlp.layers.1',
}


def videomae_v2() -> dict[str, torch.Tensor]:
    """The encoder of github.com/OpenGVLab/VideoMAEv2, models/modeling_pretrain.py."""
    shapes: dict[str, tuple[int, ...]] = {
        'patch_embed.proj.weight': (WIDTH, 3, 2, 14, 14),
        'patch_embed.proj.bias': (WIDTH,),
        'norm.weight': (WIDTH,),
        'norm.bias': (WIDTH,),
    }
    for block in ('blocks.0', 'blocks.1'):
        for norm in ('norm1', 'norm2'):
            shapes |= {
                f'{block}.{norm}.{kind}': (WIDTH,) for kind in ('weight', 'bias')
            }
        shapes |= {
            f'{block}.attn.q_bias': (WIDTH,),
            f'{block}.attn.v_bias': (WIDTH,),
            f'{block}.attn.qkv.weight': (3 * WIDTH, WIDTH),
            f'{block}.attn.proj.weight': (WIDTH, WIDTH),
            f'{block}.attn.proj.bias': (WIDTH,),
            f'{block}.mlp.fc1.weight': (HIDDEN, WIDTH),
            f'{block}.mlp.fc1.bias': (HIDDEN,),
            f'{block}.mlp.fc2.weight': (WIDTH, HIDDEN),
            f'{block}.mlp.fc2.bias': (WIDTH,),
        }
    return {name: torch.randn(shape) for name, shape in shapes.items()}


def built(name: str, file: Path, content: Any) -> Any:
    """A config's model with the trunk of a file."""
    torch.save(content, file)
    cfg = load_config(CONFIGS / 'scale' / name)
    cfg.trunk, cfg.num_frames = str(file), 2
    if 'backbone' in cfg.model.backbone:
        cfg.model.backbone.backbone.arch = SIZES
        cfg.model.cls_head.in_channels = WIDTH
    else:
        cfg.arch = SIZES
    del cfg.model.backbone.frozen_dtype  # to compare the very values
    resolved = resolve_config(cfg, 'predict')
    with DefaultScope.overwrite_default_scope(resolved.default_scope):
        return MODELS.build(resolved.model)


@pytest.mark.parametrize('tuned', [False, True], ids=['pre-trained', 'fine-tuned'])
def test_videomae_v2(tuned: bool, tmp_path: Path) -> None:
    encoder = videomae_v2()
    if tuned:
        norm = {name: encoder.pop(f'norm.{name}') for name in ('weight', 'bias')}
        encoder |= {f'fc_norm.{name}': tensor for name, tensor in norm.items()}
        head = {'head.weight': torch.randn(710, WIDTH), 'head.bias': torch.zeros(710)}
        content: Any = {'module': {**encoder, **head}}
    else:
        rest = {
            'mask_token': torch.zeros(1, 1, 8),
            'encoder_to_decoder.weight': torch.zeros(8, WIDTH),
            'decoder.norm.weight': torch.ones(8),
        }
        encoder = {f'encoder.{name}': tensor for name, tensor in encoder.items()}
        content = {'model': {**encoder, **rest}}
    name = 'videomae-giant_frames-16_ssv2.py'
    model = built(name, tmp_path / 'trunk.pth', content)
    assert model.backbone.pos_embed.shape == (1, 256, WIDTH)
    own = model.backbone.state_dict()
    for given, tensor in encoder.items():
        bare = given.removeprefix('encoder.')
        for theirs, ours in MMACTION.items():
            bare = bare.replace(theirs, ours)
        if not bare.startswith('norm.'):  # fc_norm takes its place, and trains
            assert torch.equal(own[bare], tensor), bare


def test_eva02(tmp_path: Path) -> None:
    cfg = load_config(CONFIGS / 'scale' / 'eva02-large_frames-16_ssv2.py')
    plain = MODELS.build({**cfg.model.backbone.backbone, 'arch': SIZES})
    plain.eval()  # returns None upstream
    state = {f'backbone.{n}': t for n, t in plain.state_dict().items()}
    content = {'state_dict': {n: t for n, t in state.items() if '.ln2.' not in n}}
    name = 'eva02-large_frames-16_ssv2.py'
    model = built(name, tmp_path / 'trunk.pth', content).eval()
    clips = torch.randn(2, 3, 3, 224, 224)
    with torch.no_grad():
        features, _ = model.extract_feat(clips)
        torch.testing.assert_close(features, plain(clips.flatten(0, 1))[0])
        logits, _ = model.extract_feat(clips, stage='head')
        means = features.unflatten(0, (2, 3)).mean(1)
        torch.testing.assert_close(logits, model.cls_head(means))
