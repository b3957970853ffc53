"""The same ViT, adapters and images through both libraries give the same logits."""

from __future__ import annotations

import pytest
import torch
from timm_logits import PLACEMENTS, adapt_alike, build_pair, logits

timm = pytest.importorskip(
    'timm', reason='timm is not installed: the libraries are not compared'
)

ARCH = {
    'embed_dims': 192,
    'num_layers': 12,
    'num_heads': 3,
    'feedforward_channels': 768,
}
OPTIONS = {'img_size': 32, 'patch_size': 16}


@pytest.mark.parametrize('adapter', PLACEMENTS, ids=lambda a: '-'.join(a.values()))
def test_logits_agree_and_the_adapters_move_them(adapter: dict[str, str]) -> None:
    torch.manual_seed(0)
    name = 'deit_tiny_patch16_224'
    state = timm.create_model(name, num_classes=5, **OPTIONS).state_dict()
    state = {key: torch.randn_like(value) * 0.05 for key, value in state.items()}
    images = torch.randn(2, 3, 32, 32)
    first, second = build_pair(state, ARCH, name, **OPTIONS)
    plain, theirs = logits(first, second, images)
    torch.testing.assert_close(plain, theirs, rtol=0, atol=1e-5)
    adapt_alike(first, second, {'bottleneck': 8, **adapter})
    ours, theirs = logits(first, second, images)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)
    assert (ours - plain).abs().max() > 1e-3
