"""timm's models, beyond the contract: plain ones, MMPretrain's wrapper, refusals."""

from __future__ import annotations

import copy
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import mmadapt
from mmadapt.errors import ConfigError
from mmadapt.hosts import HOSTS, REFUSED
from mmadapt.hosts.known import forward_digest, register_known
from tests.helpers import feature, image_input

timm = pytest.importorskip(
    'timm', reason='timm is not installed: its hosts, and their contract, go untested'
)
from mmpretrain.registry import MODELS  # noqa: E402
from timm.layers import BatchNormAct2d  # noqa: E402
from timm.models.eva import EvaBlock, EvaBlockPostNorm  # noqa: E402
from timm.models.swin_transformer import SwinTransformerBlock  # noqa: E402
from timm.models.vision_transformer import Block, ResPostBlock  # noqa: E402

TINY = {'img_size': 32, 'patch_size': 8, 'embed_dim': 48, 'depth': 2, 'num_heads': 4}
NAME = 'vit_tiny_patch16_224'


def wrapped(**options: Any) -> dict[str, Any]:
    return {
        'type': 'AdaptedBackbone',
        'backbone': {'type': 'mmpretrain.TIMMBackbone', 'model_name': NAME, **TINY},
        'adapter': {'bottleneck': 8},
        'init_cfg': {'type': 'RandomTrunk'},
        **options,
    }


def test_a_model_of_timm_is_adapted_in_three_lines() -> None:
    model = timm.create_model(NAME, num_classes=3, **TINY)
    mmadapt.adapt(model, {'bottleneck': 64}, trainable=['head'])
    trained = {n for n, p in model.named_parameters() if p.requires_grad}
    assert {n.split('.')[0] for n in trained} == {'blocks', 'head'}
    assert model(image_input()).shape == (2, 3)


def test_importing_mmadapt_does_not_import_timm() -> None:
    code = (
        'import sys, mmadapt; from mmadapt.hosts import HOSTS\n'
        'hosts = lambda: {block.__module__.split(".")[0] for block in HOSTS}\n'
        'print("timm" in sys.modules, "timm" in hosts())\n'
        'import timm\n'
        'print("timm" in hosts())\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split('\n')[-3:-1] == ['False False', 'True']


def test_the_wrapper_of_mmpretrain_is_adapted_and_loaded(tmp_path: Path) -> None:
    trunk = timm.create_model(NAME, num_classes=0, global_pool='', **TINY).eval()
    path = tmp_path / 'timm.pth'
    torch.save(trunk.state_dict(), path)
    model = MODELS.build(
        wrapped(init_cfg={'type': 'PretrainedTrunk', 'checkpoint': str(path)})
    )
    model.eval()
    with torch.no_grad():
        assert torch.equal(feature(model(image_input())), trunk(image_input()))
    keys = {name for name, p in model.named_parameters() if p.requires_grad}
    assert 'timm_model.blocks.0.adapter.down.weight' in keys


def test_an_option_that_timm_has_not_is_an_error_of_timm() -> None:
    config = wrapped()
    config['backbone']['bottelneck'] = 3
    with pytest.raises(TypeError, match='bottelneck'):
        MODELS.build(config)


@pytest.mark.parametrize(
    'option', [{'pretrained': True}, {'checkpoint_path': 'vit.pth'}]
)
def test_the_wrapper_fetches_no_weights_itself(option: dict[str, Any]) -> None:
    config = wrapped()
    config['backbone'].update(option)
    MODELS.build(config)  # neither a download nor a file that is not there
    with pytest.raises(ConfigError, match='names weights of its own'):
        MODELS.build({**config, 'init_cfg': None})


def test_checkpointing_after_adapting_keeps_the_gradients() -> None:
    model = timm.create_model(NAME, num_classes=3, **TINY)
    mmadapt.adapt(model, {'bottleneck': 8})
    model.set_grad_checkpointing(True)
    model.train()(image_input()).square().sum().backward()
    assert all(block.adapter.up.weight.grad is not None for block in model.blocks)


def blocks() -> list[torch.nn.Module]:
    """The blocks whose forwards take masks."""
    return [
        Block(48, 4),
        ResPostBlock(48, 4, init_values=0.5),
        EvaBlock(48, 4),
        EvaBlockPostNorm(48, 4),
    ]


def test_re_entrant_checkpoints_are_refused() -> None:
    model = timm.create_model(NAME, num_classes=3, **TINY)
    mmadapt.adapt(model, {'bottleneck': 8}, trainable=['head'])
    model.set_grad_checkpointing()
    model.train()
    timm.layers.set_reentrant_ckpt(True)
    try:
        with pytest.raises(ConfigError, match=r'set_reentrant_ckpt\(False\)'):
            model(image_input())
        with torch.no_grad():
            model.eval()(image_input())
        model.train().set_grad_checkpointing(False)
        model(image_input()).sum().backward()
        assert all(p.grad is not None for p in model.parameters() if p.requires_grad)
    finally:
        timm.layers.set_reentrant_ckpt(False)


@pytest.mark.parametrize('base', blocks(), ids=lambda block: type(block).__name__)
@pytest.mark.parametrize('positional', [False, True])
@pytest.mark.parametrize('causal', [False, True])
def test_masks_reach_the_attention(
    base: torch.nn.Module, positional: bool, causal: bool
) -> None:
    base = base.eval().requires_grad_(False)
    model = torch.nn.Sequential(copy.deepcopy(base))
    adapted = mmadapt.adapt(model, {'bottleneck': 8})[0].eval()
    x = torch.randn(1, 5, 48)
    masks = inspect.signature(type(base).forward).parameters
    mask = None if causal else torch.ones(5, 5).tril().bool()
    if causal and 'is_causal' not in masks:
        pytest.skip('this release of timm knows no is_causal')
    named: dict[str, Any] = {'attn_mask': mask}
    if causal:
        named['is_causal'] = True
    args = [None] * ('rope' in masks) + list(named.values()) if positional else []
    expected = base(x, **named)
    assert torch.equal(adapted(x, *args, **({} if positional else named)), expected)
    assert not torch.equal(base(x), expected)


def test_an_option_that_a_block_has_not_is_an_error() -> None:
    adapted = mmadapt.adapt(torch.nn.Sequential(Block(48, 4)), {'bottleneck': 8})
    with pytest.raises(TypeError, match='maks'):
        adapted[0](torch.randn(1, 5, 48), maks=None)


def test_norms_with_an_activation_keep_their_statistics() -> None:
    norm = BatchNormAct2d(3)
    model = mmadapt.adapt(torch.nn.Sequential(norm, torch.nn.Linear(2, 2)))
    model.train()
    expected = norm.running_mean.clone()
    assert norm(torch.randn(4, 3, 2, 2) + 3).min() >= 0
    assert torch.equal(norm.running_mean, expected)


def test_a_forward_that_is_not_known_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Rewritten(Block):
        __module__ = Block.__module__

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + self.mlp(x)

    monkeypatch.delitem(HOSTS, Rewritten, raising=False)
    known = forward_digest(Block)
    register_known(Rewritten, known)(HOSTS[Block])
    assert Rewritten not in HOSTS
    try:
        with pytest.raises(ConfigError, match='none that mmadapt knows.*timm>=1'):
            mmadapt.adapt(torch.nn.Sequential(Rewritten(8, 2)), {'bottleneck': 2})
    finally:
        REFUSED.pop(Rewritten)


def test_blocks_whose_branches_run_side_by_side_are_refused() -> None:
    from timm.models.vision_transformer import ParallelScalingBlock

    model = timm.create_model(NAME, block_fn=ParallelScalingBlock, **TINY)
    with pytest.raises(ConfigError, match='side by side'):
        mmadapt.adapt(model, {'bottleneck': 8})


def test_stages_of_swin_are_told_by_their_widths() -> None:
    from tests.host_cases.timm_blocks import CASES

    case = next(case for case in CASES if case.block is SwinTransformerBlock)
    model = mmadapt.adapt(case.build(), {'bottleneck': 4, 'layers': {'stages': [1]}})
    names = [n for n, _ in model.named_modules() if n.endswith('.adapter')]
    assert len(names) == 2 and all(name.startswith('layers.1.') for name in names)
