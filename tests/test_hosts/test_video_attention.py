"""VideoMAE's attention in one kernel: upstream's numbers, names and dropout."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from mmaction.models.backbones.vit_mae import Attention
from mmaction.registry import MODELS
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from mmadapt.errors import ConfigError
from mmadapt.hosts.video.attention import (
    FastestAttention,
    FusedAttention,
    set_attention,
)
from tests.helpers import build_image_vit, build_video_vit, randomise, video_input


def pair(attention: str = 'sdpa', **options: Any) -> tuple[nn.Module, nn.Module]:
    """An attention of upstream with random weights, and a copy of it, ours."""
    own = Attention(48, num_heads=4, **options)
    randomise(own, std=0.3)
    fused = nn.Sequential(copy.deepcopy(own))
    set_attention(fused, attention)
    return own, fused[0]


def tokens() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 17, 48, generator=generator)


@pytest.mark.parametrize('options', [{}, {'qkv_bias': False}, {'qk_scale': 0.5}])
@pytest.mark.parametrize('attention', ['sdpa', 'auto'])
def test_outputs_and_gradients_are_upstreams(
    attention: str, options: dict[str, Any]
) -> None:
    modules = pair(attention, **options)
    inputs = [tokens().requires_grad_() for _ in modules]
    outputs = [module(x) for module, x in zip(modules, inputs, strict=True)]
    for output in outputs:
        output.square().mean().backward()
    close = {'atol': 1e-5, 'rtol': 1e-5}
    torch.testing.assert_close(*outputs, **close)
    torch.testing.assert_close(*[x.grad for x in inputs], **close)
    theirs, ours = (dict(module.named_parameters()) for module in modules)
    assert theirs.keys() == ours.keys()
    for name, parameter in theirs.items():
        torch.testing.assert_close(ours[name].grad, parameter.grad, **close)


def test_dropout_of_the_probabilities_is_kept() -> None:
    own, fused = pair(attn_drop_rate=0.3)
    x = tokens()
    assert not torch.equal(fused(x), fused(x))
    torch.manual_seed(0)
    means = [torch.stack([m(x) for _ in range(400)]).mean(0) for m in (own, fused)]
    spread = (own(x) - own.eval()(x)).std()
    assert (means[0] - means[1]).abs().mean() < 0.1 * spread
    torch.testing.assert_close(fused.eval()(x), own(x), atol=1e-5, rtol=1e-5)


def test_dropout_of_the_output_is_kept() -> None:
    _, fused = pair(drop_rate=0.5)
    assert 0.3 < (fused(tokens()) == 0).float().mean() < 0.7


def test_on_a_cpu_in_bfloat16_auto_is_upstreams_to_the_bit() -> None:
    own, fastest = pair('auto')
    _, fused = pair('sdpa')
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(fastest(tokens()), own(tokens()))
        assert not torch.equal(fused(tokens()), own(tokens()))
    for module in (own, fastest):
        module.to(torch.bfloat16)
    x = tokens().to(torch.bfloat16)
    assert torch.equal(fastest(x), own(x))


def test_no_probabilities_are_kept() -> None:
    kept: dict[str, int] = {}
    for name, module in zip(('eager', 'sdpa'), pair(), strict=True):
        module.requires_grad_(False)
        shapes: list[torch.Size] = []

        def pack(tensor: Tensor, shapes: list[torch.Size] = shapes) -> Tensor:
            shapes.append(tensor.shape)
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            module(tokens().requires_grad_())
        kept[name] = sum(shape[-2:] == (17, 17) for shape in shapes)
    assert kept['eager'] > 0 and kept['sdpa'] == 0


def test_gradients_of_q_k_and_v_are_stacked_and_never_copied() -> None:
    _, fused = pair()
    fused.requires_grad_(False)
    ran: list[str] = []

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, *args: Any) -> Any:
            ran.append(func.overloadpacket.__name__)
            return func(*args[0], **(args[1] if len(args) > 1 else {}))

    out = fused(tokens().requires_grad_())
    with Watch():
        out.sum().backward()
    assert ran.count('stack') == 1
    assert not {'clone', 'copy_', 'contiguous'} & set(ran)


@pytest.mark.parametrize('wrapped', [False, True])
@pytest.mark.parametrize('adapter', [None, {'bottleneck': 8}])
@pytest.mark.parametrize('attention', ['auto', 'sdpa', 'eager'])
def test_the_config_chooses(
    attention: str, adapter: dict[str, int] | None, wrapped: bool
) -> None:
    base = build_video_vit()
    arch = {'img_size': 32, 'patch_size': 8, 'embed_dims': 48, 'depth': 2}
    arch = {**arch, 'num_heads': 4, 'mlp_ratio': 2, 'num_frames': 4}
    options = {'adapter': adapter, 'init_cfg': None, 'attention': attention}
    if wrapped:
        inner = {'type': 'VisionTransformer', **arch}
        config = {'type': 'AdaptedBackbone', 'backbone': inner, **options}
    else:
        config = {'type': 'AdaptFormerViT', **arch, **options}
    model = MODELS.build(config)
    kinds = {type(block.attn) for block in model.blocks}
    expected = {'auto': FastestAttention, 'sdpa': FusedAttention, 'eager': Attention}
    assert kinds == {expected[attention]}
    assert not base.load_state_dict(model.state_dict(), strict=False).missing_keys
    twin = copy.deepcopy(model).eval()
    with torch.no_grad():
        found, wanted = twin(video_input()), base.eval()(video_input())
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)


def test_what_cannot_be_obeyed_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"attention='flash'.*'auto', 'sdpa'"):
        set_attention(build_video_vit(), 'flash')
    with pytest.raises(ConfigError, match='has no attention of VideoMAE'):
        set_attention(build_image_vit(), 'sdpa')
    set_attention(build_image_vit(), 'auto')
