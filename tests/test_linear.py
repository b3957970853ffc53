"""Products by oneDNN: the numbers of double precision, wherever they stand in."""

from __future__ import annotations

import copy
import pickle
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from mmaction.registry import MODELS as VIDEO
from mmcv.cnn.bricks import wrappers
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS as IMAGE
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from mmadapt import linear as module
from mmadapt.adapt import adapter_prefixes
from mmadapt.errors import ConfigError
from mmadapt.linear import OneDNNLinear, linear, product, set_cpu_linear
from mmadapt.precision import store_frozen
from tests.helpers import image_input, randomise, video_input

pytestmark = pytest.mark.skipif(
    not module.has_onednn(), reason='this torch has no oneDNN'
)


class Calls(TorchDispatchMode):
    """Counts products by the library that computes them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        packet = func.overloadpacket
        if packet is torch.ops.mkldnn._linear_pointwise:
            self.found['onednn'] += 1
        if packet in (torch.ops.aten.mm, torch.ops.aten.addmm):
            self.found['torch'] += 1
        return func(*args, **(kwargs or {}))


@contextmanager
def counted() -> Iterator[Counter[str]]:
    with Calls() as calls:
        yield calls.found


@pytest.fixture
def every_product(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small ones too."""
    monkeypatch.setattr(module, 'LEAST', 1)


def random(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(*shape, generator=generator)


LAYOUTS = {
    'rows': lambda x: x,
    'columns': lambda x: x.transpose(-1, -2).contiguous().transpose(-1, -2),
    'one row': lambda x: x[..., :1, :].expand_as(x),
    'a slice': lambda x: torch.cat((x, x), -1)[..., : x.shape[-1]],
}


@pytest.mark.usefixtures('every_product')
@pytest.mark.parametrize('layout', list(LAYOUTS))
@pytest.mark.parametrize('shape', [(5, 12), (2, 5, 12), (2, 3, 5, 12)])
@pytest.mark.parametrize('with_bias', [True, False])
def test_products_and_gradients(
    layout: str, shape: tuple[int, ...], with_bias: bool
) -> None:
    x, dy = (LAYOUTS[layout](random(*shape[:-1], width)) for width in (12, 7))
    inputs = [x, random(7, 12), *([random(7)] if with_bias else [])]
    inputs = [t.detach().requires_grad_() for t in inputs]
    exact = [t.detach().double().requires_grad_() for t in inputs]
    with counted() as calls:
        y = product(*inputs)
        found = [y, *torch.autograd.grad(y, inputs, dy)]
    assert calls == {'onednn': 3}
    y = F.linear(*exact)
    expected = [y, *torch.autograd.grad(y, exact, dy.double())]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other.float(), atol=1e-5, rtol=1e-5)


@pytest.mark.usefixtures('every_product')
def test_the_transpose_of_a_weight() -> None:
    x, weight = random(5, 7), random(7, 12)
    with counted() as calls:
        found = product(x, weight.t())
    assert calls == {'onednn': 1}
    torch.testing.assert_close(found, x @ weight)


@pytest.mark.usefixtures('every_product')
def test_what_does_not_fit_is_torchs_to_say() -> None:
    for shape, bias in (((5, 11), None), ((5, 12), random(6))):
        with pytest.raises(RuntimeError, match=r'multiplied|expand'):
            product(random(*shape), random(7, 12), bias)
    with pytest.raises(RuntimeError, match='dtype'):
        product(random(5, 12), random(7, 12), random(7).double())


@pytest.mark.usefixtures('every_product')
def test_a_slice_of_a_layers_columns_is_torchs() -> None:
    wide = random(7, 24)
    with counted() as calls:
        found = product(random(5, 12), wide[:, :12])
    assert calls == {'torch': 1}
    torch.testing.assert_close(found, random(5, 12) @ wide[:, :12].t())


@pytest.mark.usefixtures('every_product')
def test_gradients_of_gradients() -> None:
    x, weight = (random(*s).double().float() for s in ((5, 12), (7, 12)))

    def second(compute: Any, kind: torch.dtype) -> Any:
        own = [t.to(kind).requires_grad_() for t in (x, weight)]
        y = compute(*own).pow(3).sum()
        first = torch.autograd.grad(y, own, create_graph=True)
        return torch.autograd.grad(sum(g.pow(2).sum() for g in first), own)

    pairs = zip(
        second(product, torch.float32), second(F.linear, torch.float64), strict=True
    )
    for found, expected in pairs:
        torch.testing.assert_close(found.double(), expected, atol=1e-2, rtol=1e-4)


@pytest.mark.usefixtures('every_product')
def test_a_frozen_layer_keeps_nothing() -> None:
    layer = OneDNNLinear(12, 7).requires_grad_(False)
    kept: list[Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: kept.append(t) or t, lambda t: t
    ):
        layer(random(5, 12).requires_grad_()).sum().backward()
    assert not kept


@pytest.mark.usefixtures('every_product')
def test_rows_that_are_mapped_over() -> None:
    x, weight, weights = random(3, 5, 12), random(7, 12), random(3, 7, 12)
    with counted() as calls:
        shared = torch.vmap(lambda row: product(row, weight), in_dims=1)(x)
    assert calls == {'onednn': 1}
    torch.testing.assert_close(shared, F.linear(x, weight).transpose(0, 1))
    own = torch.vmap(product)(x, weights)
    torch.testing.assert_close(own, torch.einsum('bnc,bdc->bnd', x, weights))


def test_where_torch_multiplies() -> None:
    layer = OneDNNLinear(2048, 2048)
    half = copy.deepcopy(layer).bfloat16()
    x = random(8, 2048)
    with counted() as calls:
        layer(x)
    assert calls == {'onednn': 1}
    with counted() as calls, torch.autocast('cpu', torch.bfloat16):
        layer(x)
    with counted() as more, torch.backends.mkldnn.flags(enabled=False):
        layer(x)
    with counted() as few:
        half(x.bfloat16()), layer(x[:1]), layer.double()(x.double())
    assert calls == {'torch': 1} and more == {'torch': 1} and few == {'torch': 3}


def test_a_compiler_sees_torchs_product() -> None:
    layer = OneDNNLinear(2048, 2048)
    compiled = torch.compile(layer, backend='aot_eager', fullgraph=True)
    x = random(8, 2048)
    torch.testing.assert_close(compiled(x), layer(x), atol=1e-4, rtol=1e-4)
    traced = torch.jit.trace(layer, x)
    assert '_Product' not in str(traced.graph)


CASES: dict[str, tuple[Any, dict[str, Any], Any]] = {
    'mmaction': (
        VIDEO,
        {
            'img_size': 32,
            'patch_size': 16,
            'embed_dims': 48,
            'depth': 2,
            'num_heads': 4,
            'mlp_ratio': 2,
            'num_frames': 4,
        },
        video_input,
    ),
    'mmpretrain': (
        IMAGE,
        {
            'arch': {
                'embed_dims': 48,
                'num_layers': 2,
                'num_heads': 4,
                'feedforward_channels': 96,
            },
            'img_size': 32,
            'patch_size': 8,
        },
        image_input,
    ),
}


def build(side: str, cpu_linear: str, **options: Any) -> tuple[nn.Module, Tensor]:
    models, arch, example = CASES[side]
    config = {
        'type': 'AdaptFormerViT',
        'adapter': {'bottleneck': 8},
        'init_cfg': {'type': 'RandomTrunk', 'seed': 0},
        'cpu_linear': cpu_linear,
        **arch,
        **options,
    }
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope(side):
        model = models.build(config)
    for name in adapter_prefixes(model):
        randomise(model.get_submodule(name), std=0.1)
    return model.train(), example()


WAYS: dict[str, dict[str, Any]] = {
    'adapters': {},
    'fused': {'fused_mlp': True},
    'leanest': {'recompute': 'mlp+qkv'},
    'whole blocks': {'recompute': 'block'},
    'full': {'adapter': None, 'trainable': 'all'},
}


@pytest.mark.usefixtures('every_product')
@pytest.mark.parametrize('way', list(WAYS))
@pytest.mark.parametrize('side', list(CASES))
def test_backbones_give_the_same(side: str, way: str) -> None:
    found = {}
    for choice in ('onednn', 'torch'):
        model, x = build(side, choice, **WAYS[way])
        with counted() as calls:
            output = model(x)
            output = output[0] if isinstance(output, tuple) else output
            weights = torch.linspace(-1, 1, output.numel()).view_as(output)
            (output * weights).sum().backward()
        assert set(calls) == {choice}
        gradients = {n: p.grad for n, p in model.named_parameters() if p.requires_grad}
        found[choice] = (output, gradients, model.state_dict())
    ours, theirs = found['onednn'], found['torch']
    assert ours[2].keys() == theirs[2].keys()
    torch.testing.assert_close(ours[0], theirs[0], atol=1e-5, rtol=1e-5)
    for name, gradient in theirs[1].items():
        torch.testing.assert_close(ours[1][name], gradient, atol=1e-3, rtol=1e-4)


def test_frozen_weights_in_bfloat16() -> None:
    ours, theirs = (build('mmaction', c)[0] for c in ('onednn', 'torch'))
    assert store_frozen(ours) == store_frozen(theirs)
    kinds = {n: p.dtype for n, p in theirs.named_parameters()}
    assert {n: p.dtype for n, p in ours.named_parameters()} == kinds


class Other(nn.Linear):
    """May do more than its parent."""


def test_layers_that_do_more_stay_as_they_are() -> None:
    model = nn.Sequential(nn.Linear(2, 2), wrappers.Linear(2, 2), Other(2, 2))
    twin = copy.deepcopy(model)
    set_cpu_linear(model, 'onednn')
    assert [type(m) for m in model] == [OneDNNLinear, OneDNNLinear, Other]
    again = pickle.loads(pickle.dumps(copy.deepcopy(model)))
    again.load_state_dict(twin.state_dict())
    x = random(3, 2)
    assert torch.equal(again(x), twin(x))
    set_cpu_linear(again, 'torch')
    assert [type(m) for m in again] == [nn.Linear, nn.Linear, Other]


@pytest.mark.usefixtures('every_product')
def test_a_weight_that_is_written_meanwhile_is_an_error() -> None:
    layer = OneDNNLinear(12, 7).requires_grad_(False)
    output = layer(random(5, 12).requires_grad_())
    layer.weight.mul_(2)
    with pytest.raises(RuntimeError, match='inplace'):
        output.sum().backward()


def test_a_plain_layers_own_library() -> None:
    x, weight = random(8, 2048), random(2048, 2048)
    for layer, choice in ((nn.Linear(2, 2), 'torch'), (OneDNNLinear(2, 2), 'onednn')):
        with counted() as calls:
            linear(layer, x, weight, None)
        assert calls == {choice: 1}


CPUS = [('AMD', 'AVX512', True), ('AMD', 'AVX2', False), ('Intel', 'AVX512', False)]


@pytest.mark.parametrize(('maker', 'width', 'quicker'), CPUS)
def test_auto_goes_by_the_cpu(
    maker: str, width: str, quicker: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {'AMD': 'AuthenticAMD', 'Intel': 'GenuineIntel'}
    monkeypatch.setattr(module, 'vendor', lambda: names[maker])
    monkeypatch.setattr(torch.backends.cpu, 'get_cpu_capability', lambda: width)
    module.is_quicker.cache_clear()
    try:
        layer = set_cpu_linear(nn.Sequential(nn.Linear(2, 2)))[0]  # type: ignore[index]
    finally:
        module.is_quicker.cache_clear()
    assert (type(layer) is OneDNNLinear) == quicker


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match='cpu_linear'):
        set_cpu_linear(nn.Linear(2, 2), 'mkl')
    monkeypatch.setattr(module, 'has_onednn', lambda: False)
    with pytest.raises(ConfigError, match='without oneDNN'):
        set_cpu_linear(nn.Linear(2, 2), 'onednn')
