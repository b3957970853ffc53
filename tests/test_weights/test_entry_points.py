"""Every way to a model gives the trunk of the file: one test for each.

Most of these never call ``init_weights``, so a trunk that was loaded there would stay
random. The trunk file has timm's names, and lends itself to nothing but conversion.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from torch import nn

from mmadapt.config import load_config, resolve_config
from mmadapt.weights import task_state

from ..tasks import write_config, write_images
from . import foreign
from .models import build, video_model

pytestmark = pytest.mark.slow

EMA = "custom_hooks = [dict(type='EMAHook', momentum=0.5)]\n"


def image_config(folder: Path, changes: str = '') -> Config:
    """A resolved image config with data, and a trunk file in timm's names."""
    trunk = folder / 'trunk.pth'
    if not trunk.exists():
        torch.save({'model': foreign.timm_state()}, trunk)
        write_images(folder / 'data')
    cfg = load_config(write_config(folder / 'config.py', changes))
    cfg.trunk, cfg.data_root = str(trunk), str(folder / 'data')
    cfg.work_dir = str(folder / 'work')
    return resolve_config(cfg)


def has_trunk(backbone: nn.Module) -> bool:
    """Whether a few tensors, of every kind of initialiser, are those of the file."""
    state, own = foreign.timm_state(), dict(backbone.named_parameters())
    pairs = {
        'cls_token': 'cls_token',
        'pos_embed': 'pos_embed',
        'patch_embed.projection.weight': 'patch_embed.proj.weight',
        'layers.0.ffn.layers.0.0.weight': 'blocks.0.mlp.fc1.weight',
        'layers.1.attn.qkv.bias': 'blocks.1.attn.qkv.bias',
        'layers.1.ln2.bias': 'blocks.1.norm2.bias',
        'ln1.weight': 'norm.weight',
    }
    return all(torch.equal(own[name], state[theirs]) for name, theirs in pairs.items())


def test_training(tmp_path: Path) -> None:
    runner = Runner.from_cfg(image_config(tmp_path))
    assert has_trunk(runner.train().backbone)


def test_testing(tmp_path: Path) -> None:
    """With the scores that the model had when its task file was written."""
    Runner.from_cfg(image_config(tmp_path)).train()
    cfg = image_config(tmp_path)
    cfg.load_from = str(tmp_path / 'work' / 'epoch_2.pth')
    runner = Runner.from_cfg(cfg)
    runner.test()
    assert has_trunk(runner.model.backbone)
    trained = torch.load(cfg.load_from, weights_only=True)['state_dict']
    own = runner.model.state_dict()
    assert all(torch.equal(own[name], tensor) for name, tensor in trained.items())


def test_moving_averages_and_their_resume(tmp_path: Path) -> None:
    Runner.from_cfg(image_config(tmp_path, EMA)).train()
    cfg = image_config(tmp_path, EMA)
    cfg.resume, cfg.train_cfg.max_epochs = True, 3
    runner = Runner.from_cfg(cfg)
    model = runner.train()
    hook = next(h for h in runner.hooks if type(h).__name__ == 'EMAHook')
    assert runner.epoch == 3
    assert has_trunk(model.backbone)
    assert has_trunk(hook.ema_model.module.backbone)


def test_inference_of_mmpretrain(tmp_path: Path) -> None:
    from mmpretrain.apis import get_model

    cfg = image_config(tmp_path)
    torch.manual_seed(5)
    donor = build(cfg.model.to_dict())
    state = {'state_dict': task_state(donor, donor.state_dict())}
    torch.save(state, tmp_path / 'task.pth')
    model = get_model(cfg, pretrained=str(tmp_path / 'task.pth'), device='cpu')
    assert has_trunk(model.backbone)
    assert torch.equal(model.head.fc.weight, donor.head.fc.weight)


def test_inference_of_mmaction(tmp_path: Path) -> None:
    from mmaction.apis import init_recognizer

    trunk, task = tmp_path / 'trunk.pth', tmp_path / 'task.pth'
    torch.save({'model': foreign.pretraining(foreign.videomae_state())}, trunk)
    model_cfg: dict[str, Any] = video_model(str(trunk), adapter={'bottleneck': 4})
    donor = build(model_cfg)
    torch.save({'state_dict': task_state(donor, donor.state_dict())}, task)
    cfg = Config({'model': model_cfg, 'default_scope': 'mmaction'})
    model = init_recognizer(cfg, str(task), device='cpu')
    expected = foreign.videomae_state()['blocks.1.attn.v_bias']
    assert torch.equal(model.backbone.blocks[1].attn.v_bias, expected)
    assert torch.equal(model.cls_head.fc.weight, donor.cls_head.fc.weight)
