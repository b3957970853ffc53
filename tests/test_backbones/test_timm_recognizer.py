"""Recognizers of MMAction2 around models of timm: theirs plain, ours adapted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.utils import register_all_modules

from mmadapt.adapters import Adapter
from mmadapt.errors import ConfigError
from mmadapt.hosts import AdapterHost
from tests.helpers import randomise

timm = pytest.importorskip(
    'timm', reason='timm is not installed: its models under MMAction2 go untested'
)

SWIN = {
    'type': 'timm.swin_tiny_patch4_window7_224',
    'img_size': 32,
    'window_size': 4,
    'embed_dim': 24,
    'depths': (2, 2),
    'num_heads': (2, 4),
}


def recognizer(backbone: dict[str, Any]) -> Any:
    register_all_modules(init_default_scope=True)
    head = {
        'type': 'TSNHead',
        'num_classes': 3,
        'in_channels': 48,
        'dropout_ratio': 0.0,
        'average_clips': 'prob',
    }
    return MODELS.build(
        {'type': 'Recognizer2D', 'backbone': backbone, 'cls_head': head}
    )


def adapted(**options: Any) -> dict[str, Any]:
    return {
        'type': 'timm.AdaptedBackbone',
        'backbone': dict(SWIN),
        'adapter': {'bottleneck': 8},
        'init_cfg': {'type': 'RandomTrunk'},
        'feature_shape': 'NHWC',
        **options,
    }


def test_a_recognizer_around_timm_computes_what_the_plain_one_does(
    tmp_path: Path,
) -> None:
    plain = recognizer({**SWIN, 'feature_shape': 'NHWC'}).eval()
    path = tmp_path / 'swin.pth'
    torch.save(plain.backbone.state_dict(), path)
    ours = recognizer(
        adapted(init_cfg={'type': 'PretrainedTrunk', 'checkpoint': str(path)})
    ).eval()
    clips = torch.randn(2, 2, 3, 32, 32)
    with torch.no_grad():
        features = [m.extract_feat(clips, stage='backbone')[0] for m in (plain, ours)]
    assert features[0].shape == (4, 48, 1, 1)
    assert torch.equal(*features)
    logits, _ = ours.extract_feat(clips, stage='head')
    logits.square().sum().backward()
    trained = {n for n, p in ours.backbone.named_parameters() if p.grad is not None}
    assert trained and all('.adapter.' in name for name in trained)


def gradients(**options: Any) -> dict[str, torch.Tensor]:
    """Of a step with random adapters, the same for all options."""
    torch.manual_seed(0)
    model = recognizer(adapted(init_cfg={'type': 'RandomTrunk', 'seed': 0}, **options))
    for module in model.modules():
        if isinstance(module, Adapter):
            randomise(module)
    model.train()
    clips = torch.randn(2, 2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    model.extract_feat(clips, stage='backbone')[0].square().sum().backward()
    found = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    tiers = {m.recompute_tier for m in model.modules() if isinstance(m, AdapterHost)}
    codes = [m.block_code for m in model.modules() if isinstance(m, AdapterHost)]
    assert tiers == {options.get('recompute', 'none')}
    assert all(code is not None for code in codes) is ('compile_blocks' in options)
    return found


@pytest.mark.parametrize(
    'options', [{'recompute': 'block'}, {'compile_blocks': {'backend': 'eager'}}]
)
def test_its_blocks_take_the_options_of_the_others(options: dict[str, Any]) -> None:
    expected, found = gradients(), gradients(**options)
    assert expected and set(found) == set(expected)
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, msg=name)


def test_the_wrong_outer_scope_is_named() -> None:
    with pytest.raises(ConfigError, match=r"type='timm.AdaptedBackbone'"):
        MODELS.build(
            {'type': 'AdaptedBackbone', 'backbone': dict(SWIN), 'adapter': None}
        )


@pytest.mark.parametrize(
    'config',
    [
        adapted(backbone={**SWIN, 'type': 'SwinTransformer'}),
        adapted(backbone={**SWIN, 'pretrained': True}, init_cfg=None),
        adapted(pretrained=True),
        adapted(frozen_dtype='bfloat16'),
        adapted(recompute='mlp'),
        adapted(fused_mlp=True),
        adapted(backbone={**SWIN, 'feature_shape': 'NHWC'}),
        adapted(backbone={}),
    ],
)
def test_what_cannot_be_obeyed_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        recognizer(config)
