"""The configs of trunks that are sharded: built with two blocks, for their size."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.registry import MODELS, OPTIM_WRAPPERS, RUNNERS, STRATEGIES, DefaultScope

import mmadapt
from mmadapt.config import load_config, resolve_config
from mmadapt.precision import stored

SCALE = Path(__file__).parents[2] / 'configs' / 'scale'

WIDTHS = {
    'dinov2-giant_imagenet.py': (1536, 1000, 0),
    'vit-huge_frames-16_ssv2.py': (1280, 174, 2 * 1280),
}
"""Width, classes, and the parameters of a norm that trains too."""


@pytest.mark.parametrize('path', sorted(SCALE.glob('*.py')), ids=lambda p: p.name)
def test_it_builds_and_shards(path: Path) -> None:
    width, classes, norm = WIDTHS[path.name]
    cfg = load_config(path)
    heads = 16 if norm else 24
    cfg.arch = {
        'embed_dims': width,
        'num_layers': 2,
        'num_heads': heads,
        'feedforward_channels': 4 * width,
    }
    cfg.model.backbone.init_cfg = None
    resolved = resolve_config(cfg, 'predict')
    with DefaultScope.overwrite_default_scope(resolved.default_scope):
        model = MODELS.build(resolved.model)
    adapter = 2 * 64 * width + 64 + width
    trainable = mmadapt.parameter_report(model).trainable
    assert trainable == 2 * adapter + (width + 1) * classes + norm
    assert stored(model)
    assert RUNNERS.get(cfg.runner_type) is not None
    assert STRATEGIES.get(cfg.strategy.type) is not None
    assert OPTIM_WRAPPERS.get(cfg.optim_wrapper.type) is not None
