"""The mean of tokens alone in a VideoMAE's last MLP: that of all tokens, to 1e-5."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from mmaction.models.backbones.vit_mae import VisionTransformer
from mmaction.registry import MODELS
from torch import Tensor, nn

from mmadapt.adapt import adapt, adapter_prefixes
from mmadapt.errors import ConfigError
from mmadapt.hosts.video.mean_row import set_mean_row
from tests.helpers import randomise, video_input

ARCH = {
    'img_size': 32,
    'patch_size': 16,
    'embed_dims': 48,
    'depth': 3,
    'num_heads': 4,
    'mlp_ratio': 2,
    'num_frames': 4,
}


def build(**options: Any) -> Any:
    torch.manual_seed(0)
    config = {
        'type': 'AdaptFormerViT',
        **ARCH,
        'adapter': {'bottleneck': 8},
        'init_cfg': {'type': 'RandomTrunk', 'seed': 0},
        **options,
    }
    model = MODELS.build(config)
    for name in adapter_prefixes(model):
        randomise(model.get_submodule(name), std=0.1)
    return model.train()


def is_a_mean(model: Any) -> bool:
    """Whether its last block hands on one row a clip."""
    rows: list[int] = []

    def look(block: nn.Module, args: Any, output: Tensor) -> None:
        rows.append(output.shape[1])

    handle = model.blocks[-1].register_forward_hook(look)
    with torch.random.fork_rng([]), torch.no_grad():
        model(video_input())
    handle.remove()
    return rows == [1]


def step(model: nn.Module, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    torch.manual_seed(3)
    output = model(x)
    weights = torch.linspace(-1, 1, output.numel()).view_as(output)
    if output.requires_grad:
        (output * weights).sum().backward()
    found = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    return output, found


EXACT: dict[str, dict[str, Any]] = {
    'adapters': {},
    'without': {'adapter': None},
    'fc_norm': {'adapter': None, 'trainable': ['fc_norm']},
    'below alone': {'adapter': {'bottleneck': 8, 'layers': [0]}},
    'both branches': {'adapter': {'bottleneck': 8, 'branch': 'both'}},
    'post norm': {'adapter': {'bottleneck': 8, 'input': 'post_norm'}},
    'dropout': {'adapter': {'bottleneck': 8, 'dropout': 0.3}},
    'convolution': {'adapter': {'type': 'AdaptConv', 'bottleneck': 8}},
    'full': {'adapter': None, 'trainable': 'all'},
    'layer scale': {'init_values': 0.5},
    'stochastic depth': {'drop_path_rate': 0.4},
    'eager': {'attention': 'eager'},
    'recomputed': {'recompute': 'mlp'},
    'recomputed more': {'recompute': 'mlp+qkv'},
    'recomputed whole': {'recompute': 'block'},
    'fused': {'fused_mlp': True},
}


@pytest.mark.parametrize('name', list(EXACT))
def test_outputs_and_gradients_are_those_of_all_tokens(name: str) -> None:
    model, whole = build(**EXACT[name]), build(**EXACT[name], mean_row=False)
    assert is_a_mean(model) and not is_a_mean(whole)
    assert model.state_dict().keys() == whole.state_dict().keys()
    (found, ours), (expected, theirs) = (
        step(each, video_input()) for each in (model, whole)
    )
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert ours.keys() == theirs.keys()
    for parameter, gradient in theirs.items():
        torch.testing.assert_close(ours[parameter], gradient, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ('options', 'reason'),
    [
        ({'use_mean_pooling': False}, 'more than their mean'),
        ({'return_feat_map': True}, 'more than their mean'),
        ({'drop_rate': 0.1}, 'two linear layers'),
        ({'adapter': {'type': 'VPT', 'num_tokens': 2}}, 'prompts'),
        ({'adapter': {'bottleneck': 8, 'mode': 'sequential'}}, "MLP's output"),
    ],
)
def test_where_more_is_needed_all_tokens_are_computed(
    options: dict[str, Any], reason: str
) -> None:
    assert not is_a_mean(build(**options))
    with pytest.raises(ConfigError, match=reason):
        build(**options, mean_row=True)


def test_another_trunk_is_refused() -> None:
    with pytest.raises(ConfigError, match='no VideoMAE'):
        set_mean_row(nn.Linear(2, 2), True)
    assert not set_mean_row(nn.Linear(2, 2))


def test_another_value_is_refused() -> None:
    with pytest.raises(ConfigError, match='mean_row'):
        build(mean_row='yes')


def test_a_subclass_that_reads_otherwise_computes_all_tokens() -> None:
    class Other(VisionTransformer):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x)

    assert not set_mean_row(Other(**ARCH))


def test_an_adapter_that_comes_later_decides_anew() -> None:
    torch.manual_seed(0)
    plain = VisionTransformer(**ARCH)
    assert set_mean_row(plain)
    again = adapt(copy.deepcopy(plain), {'bottleneck': 8})
    assert is_a_mean(again)
    other = adapt(plain, {'bottleneck': 8, 'mode': 'sequential'})
    assert not is_a_mean(other)
    x = video_input()
    torch.testing.assert_close(again(x), other(x), atol=1e-5, rtol=1e-5)


def test_what_comes_later_is_seen() -> None:
    x = video_input()
    expected = build(mean_row=False)(x)
    heard = build()
    seen: list[Tensor] = []
    heard.blocks[-1].mlp.register_forward_hook(lambda *args: seen.append(args[-1]))
    torch.testing.assert_close(heard(x), expected)
    assert len(seen) == 1 and seen[0].shape[1] > 1
    other = build()
    other.blocks[-1].mlp.layers[1] = nn.Sequential(other.blocks[-1].mlp.layers[1])
    assert not is_a_mean(other)
    torch.testing.assert_close(other(x), expected)


def test_it_can_be_left_again() -> None:
    model = build()
    assert is_a_mean(model) and not set_mean_row(model, False)
    assert not is_a_mean(model)


def test_copies_and_pickles_compute_the_same() -> None:
    model = build().eval()
    x = video_input()
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert is_a_mean(twin)
        assert torch.equal(twin(x), model(x))
