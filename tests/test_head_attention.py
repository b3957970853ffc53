"""Attention head by head: that of double precision, forth and back."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from mmaction.models.backbones.vit_mae import Attention
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from mmadapt import head_attention, linear
from mmadapt.head_attention import LEAST_TOKENS, attend_by_head
from mmadapt.hosts.video.attention import FastestAttention, set_attention
from mmadapt.linear import set_cpu_linear
from tests.helpers import randomise

pytestmark = pytest.mark.skipif(
    not linear.has_onednn(), reason='this torch has no oneDNN'
)


@pytest.fixture(params=['oneDNN', 'torch'])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Either does the products of a head."""
    least = 1 if request.param == 'oneDNN' else linear.LEAST**2
    monkeypatch.setattr(linear, 'LEAST', least)


def example(count: int = 19, width: int = 8) -> Tensor:
    """Queries, keys and values as a layer gives them, ``(2, N, 3, 3, D)``."""
    generator = torch.Generator().manual_seed(0)
    return 2 * torch.randn(2, count, 3, 3, width, generator=generator)


def parts(qkv: Tensor) -> list[Tensor]:
    return [part.transpose(1, 2) for part in qkv.unbind(2)]


@pytest.mark.usefixtures('library')
@pytest.mark.parametrize('scale', [0.3, 2.0])
def test_outputs_and_gradients(scale: float) -> None:
    ours = example().requires_grad_()
    exact = example().double().requires_grad_()
    found = attend_by_head(*parts(ours), scale)
    expected = F.scaled_dot_product_attention(*parts(exact), scale=scale)
    close: dict[str, Any] = {'atol': 3e-5, 'rtol': 3e-5, 'check_dtype': False}
    torch.testing.assert_close(found, expected, **close)
    dy = torch.linspace(-1, 1, found.numel()).view_as(found)
    found.backward(dy)
    expected.backward(dy.double())
    torch.testing.assert_close(ours.grad, exact.grad, **close)


@pytest.mark.usefixtures('library')
def test_large_scores_do_not_overflow() -> None:
    q, k, v = parts(example())
    found = attend_by_head(q * 100, k * 100, v, 1.0)
    expected = F.scaled_dot_product_attention(q * 100, k * 100, v, scale=1.0)
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)
    assert found.isfinite().all()


def test_the_output_is_laid_out_for_the_next_layer() -> None:
    assert attend_by_head(*parts(example()), 1.0).transpose(1, 2).is_contiguous()


def test_the_operator_is_one_by_torchs_own_checks() -> None:
    q, k, v = (p.detach().requires_grad_() for p in parts(example()))
    torch.library.opcheck(head_attention.attention_by_head, (q, k, v, 0.5))


def test_what_is_kept() -> None:
    q, k, v = (p.detach().clone().requires_grad_() for p in parts(example()))
    kept: list[Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: kept.append(t) or t, lambda t: t
    ):
        attend_by_head(q, k, v, 0.5)
    assert [tuple(t.shape) for t in kept] == [tuple(q.shape)] * 4 + [(2, 3, 19)]


def test_rows_that_are_mapped_over() -> None:
    qkv = torch.stack((example(), example() / 2))
    found = torch.vmap(lambda one: attend_by_head(*parts(one), 0.5))(qkv)
    expected = torch.stack([attend_by_head(*parts(one), 0.5) for one in qkv])
    torch.testing.assert_close(found, expected)


class Operators(TorchDispatchMode):
    """Notes what is called."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[Any] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        self.found.add(func)
        return func(*args, **(kwargs or {}))


def by_head(module: nn.Module, x: Tensor) -> bool:
    """Whether a module attends head by head."""
    with Operators() as operators:
        module(x)
    return torch.ops.mmadapt.attention_by_head.default in operators.found


def attention(**options: Any) -> tuple[Attention, Any]:
    """Upstream's, and ours with its weights, whose products are oneDNN's."""
    own = Attention(48, num_heads=1, **options)
    randomise(own, std=0.1)
    ours = nn.Sequential(copy.deepcopy(own))
    set_attention(ours, 'auto')
    return own, set_cpu_linear(ours, 'onednn')[0]  # type: ignore[index]


def test_many_tokens_go_by_head_and_give_upstreams_numbers() -> None:
    own, ours = attention()
    assert type(ours) is FastestAttention
    x = torch.randn(2, LEAST_TOKENS, 48, generator=torch.Generator().manual_seed(0))
    inputs = [x.clone().requires_grad_() for _ in range(2)]
    outputs = [module(x) for module, x in zip((own, ours), inputs, strict=True)]
    torch.testing.assert_close(*outputs, atol=1e-5, rtol=1e-5)
    for output in outputs:
        output.square().sum().backward()
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad, atol=1e-4, rtol=1e-4)
    assert by_head(ours, x)


def test_where_the_one_kernel_attends() -> None:
    _, ours = attention()
    x = torch.randn(1, LEAST_TOKENS, 48)
    assert by_head(ours, x)
    assert not by_head(ours, x[:, 1:])
    assert not by_head(copy.deepcopy(ours).double(), x.double())
    with torch.autocast('cpu', torch.bfloat16):
        assert not by_head(ours, x)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(head_attention, 'MOST_TOKENS', LEAST_TOKENS)
        assert not by_head(ours, torch.cat((x, x), 1)) and by_head(ours, x)
        patch.setattr(torch, 'get_num_threads', lambda: 16)
        assert not by_head(ours, x)
    _, dropping = attention(attn_drop_rate=0.5)
    assert not by_head(dropping.train(), x)
    assert by_head(dropping.eval(), x)
    plain = nn.Sequential(Attention(48, num_heads=1))
    set_attention(plain, 'auto')
    assert not by_head(plain, x)
    set_attention(set_cpu_linear(plain, 'onednn'), 'sdpa')
    assert not by_head(plain, x)


def test_the_leanest_tier_keeps_its_output() -> None:
    from mmadapt.recompute.halves import keep_attention

    _, ours = attention()
    ours.requires_grad_(False)
    x = torch.randn(1, LEAST_TOKENS, 48).requires_grad_()
    expected = torch.autograd.grad(ours(x).square().sum(), x)
    output = keep_attention(ours, x).square().sum()
    with Operators() as operators:
        found = torch.autograd.grad(output, x)
    assert torch.equal(*expected, *found)
    assert torch.ops.mmadapt.attention_by_head.default not in operators.found
