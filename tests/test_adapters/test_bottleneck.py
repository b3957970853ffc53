"""AdaptMLP against the paper's equation and counts."""

from __future__ import annotations

import math

import pytest
import torch

from mmadapt.adapters import AdaptMLP
from mmadapt.errors import ConfigError
from tests.helpers import randomise


def official_branch(adapter: AdaptMLP, x: torch.Tensor, scale: float) -> torch.Tensor:
    """s * (ReLU(x W_d + b_d) W_u + b_u), section 1 of the paper."""
    hidden = (x @ adapter.down.weight.T + adapter.down.bias).clamp(min=0)
    return scale * (hidden @ adapter.up.weight.T + adapter.up.bias)


def test_forward_is_the_equation() -> None:
    adapter = AdaptMLP(12, bottleneck=5, scale=0.3).eval()
    randomise(adapter)
    x = torch.randn(2, 7, 12)
    torch.testing.assert_close(adapter(x), official_branch(adapter, x, 0.3))


@pytest.mark.parametrize('norm', ['in', 'out'])
def test_own_norm_stands_where_it_is_said(norm: str) -> None:
    adapter = AdaptMLP(12, bottleneck=5, norm=norm).eval()
    randomise(adapter)
    x = torch.randn(2, 7, 12)
    if norm == 'in':
        expected = official_branch(adapter, adapter.norm(x), 0.1)
    else:
        expected = adapter.norm(official_branch(adapter, x, 0.1))
    torch.testing.assert_close(adapter(x), expected)


def test_learnable_scale_starts_at_one_and_learns() -> None:
    adapter = AdaptMLP(12, bottleneck=5, scale='learnable')
    randomise(adapter.up)
    assert adapter.scale.item() == 1
    x = torch.randn(3, 12)
    torch.testing.assert_close(adapter(x), official_branch(adapter, x, 1.0))
    adapter(x).sum().backward()
    assert adapter.scale.grad.abs().item() > 0


@pytest.mark.parametrize(
    ('bottleneck', 'count'),
    [(1, 27_660), (4, 82_992), (16, 304_320), (64, 1_189_632), (512, 9_452_544)],
)
def test_twelve_layers_have_the_papers_counts(bottleneck: int, count: int) -> None:
    adapter = AdaptMLP(768, bottleneck=bottleneck)
    assert 12 * sum(p.numel() for p in adapter.parameters()) == count


@pytest.mark.parametrize(
    ('width', 'middle'), [(128, 10), (256, 21), (512, 42), (1024, 85)]
)
def test_a_twelfth_of_the_width_is_rounded_down(width: int, middle: int) -> None:
    assert AdaptMLP(width, bottleneck='1/12').down.out_features == middle


def test_own_norm_in_front_has_the_count_of_table_8() -> None:
    own = 12 * sum(p.numel() for p in AdaptMLP(768, norm='in').parameters())
    assert round((own + 91_500) / 1e6, 2) == 1.30


def test_zero_init_follows_the_code() -> None:
    adapter = AdaptMLP(768, bottleneck=64)
    bound = 1 / math.sqrt(768)  # Kaiming-uniform with a = sqrt(5)
    assert adapter.down.weight.abs().max() <= bound
    assert adapter.down.weight.std().item() == pytest.approx(0.0208, rel=0.02)
    for tensor in (adapter.down.bias, adapter.up.weight, adapter.up.bias):
        assert torch.count_nonzero(tensor) == 0


def test_normal_init_is_what_the_video_code_ends_with() -> None:
    adapter = AdaptMLP(768, bottleneck=64, init='normal')
    for linear in (adapter.down, adapter.up):
        assert linear.weight.std().item() == pytest.approx(0.02, rel=0.02)
        assert torch.count_nonzero(linear.bias) == 0


def test_dropout_acts_on_the_hidden_layer_in_training_only() -> None:
    adapter = AdaptMLP(12, bottleneck=400, scale=1.0, dropout=0.5)
    with torch.no_grad():
        adapter.down.weight.zero_()
        adapter.down.bias.fill_(1)
        adapter.up.weight.fill_(1 / 400)
    x = torch.zeros(1, 12)
    torch.testing.assert_close(adapter.eval()(x), torch.ones(1, 12))
    trained = adapter.train()(x)
    # A dropped hidden unit is gone for every output: all twelve are equal.
    torch.testing.assert_close(trained, trained[:, :1].expand(1, 12))
    assert trained[0, 0].item() != 1
    assert trained[0, 0].item() == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'bottleneck': 0}, 'from 1 on'),
        ({'bottleneck': 2.5}, 'whole number'),
        ({'bottleneck': 0.25}, "in quotes such as '1/12'"),
        ({'bottleneck': True}, 'whole number'),
        ({'bottleneck': 'half'}, "such as '1/12'"),
        ({'bottleneck': '1/24'}, 'at least 1'),
        ({'bottleneck': '1/0'}, 'fraction'),
        ({'bottleneck': '3/2'}, 'fraction'),
        ({'scale': 'learned'}, 'learnable'),
        ({'scale': 0.0}, 'other than 0'),
        ({'scale': float('nan')}, 'finite'),
        ({'dropout': 1.0}, 'probability'),
        ({'mode': 'paralel'}, "Did you mean 'parallel'"),
        ({'input': 'prenorm'}, "Did you mean 'pre_norm'"),
        ({'norm': 'before'}, "'in'"),
        ({'init': 'lora'}, "'zero'"),
        ({'mode': 'sequential', 'input': 'post_norm'}, 'no meaning'),
    ],
)
def test_bad_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        AdaptMLP(12, **options)
