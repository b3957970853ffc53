"""AdaptConv and AdaptDWConv against a convolution written out here."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import mmadapt
from mmadapt.adapters import AdaptConv, AdaptDWConv, TokenGrid
from mmadapt.errors import ConfigError, DataError
from tests.helpers import (
    build_image_vit,
    build_video_vit,
    feature,
    image_input,
    randomise,
    video_input,
)

GRID = TokenGrid(extra=1, frames=2, height=3, width=4)


def neighbours(adapter: AdaptConv, hidden: Tensor, grid: TokenGrid) -> Tensor:
    """The convolution, patch by patch, from its definition."""
    weight, bias = adapter.conv.weight, adapter.conv.bias
    out = torch.empty_like(hidden)
    size = weight.shape[1]
    for token in range(hidden.shape[1]):
        place = token - grid.extra
        total = bias.expand(len(hidden), -1).clone()
        for i in range(3):
            for j in range(3):
                if place < 0:
                    source = token if (i, j) == (1, 1) else None
                else:
                    t, rest = divmod(place, grid.height * grid.width)
                    row, column = divmod(rest, grid.width)
                    r, c = row + i - 1, column + j - 1
                    inside = 0 <= r < grid.height and 0 <= c < grid.width
                    at = (t * grid.height + r) * grid.width + c + grid.extra
                    source = at if inside else None
                if source is None:
                    continue
                for channel in range(weight.shape[0]):
                    group = channel // (weight.shape[0] // adapter.conv.groups)
                    read = hidden[:, source, group * size : (group + 1) * size]
                    total[:, channel] += read @ weight[channel, :, i, j]
        out[:, token] = total
    return out


@pytest.mark.parametrize('method', [AdaptConv, AdaptDWConv])
@pytest.mark.parametrize('extra', [0, 1])
@torch.no_grad()
def test_forward_is_the_equation(method: type[AdaptConv], extra: int) -> None:
    adapter = method(12, bottleneck=8, scale=0.3).eval()
    randomise(adapter)
    adapter.grid = TokenGrid(extra, 2, 3, 4)
    x = torch.randn(2, extra + 24, 12)
    hidden = neighbours(adapter, adapter.down(x), adapter.grid)
    torch.testing.assert_close(adapter(x), 0.3 * adapter.up(F.relu(hidden)))


@pytest.mark.parametrize(
    ('method', 'count'),
    [(AdaptConv, 1_300_992), (AdaptDWConv, 1_197_312)],
)
def test_twelve_layers_have_the_counts_of_table_8(
    method: type[AdaptConv], count: int
) -> None:
    """1.39 and 1.29 M with heads of 0.0915 M on average."""
    own = 12 * sum(p.numel() for p in method(768).parameters())
    assert own == count
    assert round((own + 91_500) / 1e6, 2) in (1.39, 1.29)


@pytest.mark.parametrize('method', ['AdaptConv', 'AdaptDWConv'])
@pytest.mark.parametrize(
    ('build', 'inputs', 'grid'),
    [
        (build_image_vit, image_input, TokenGrid(1, 1, 4, 4)),
        (build_video_vit, video_input, TokenGrid(0, 2, 4, 4)),
    ],
)
def test_on_a_vit(method: str, build, inputs, grid: TokenGrid) -> None:  # type: ignore[no-untyped-def]
    model = build()
    model.eval()
    with torch.no_grad():
        before = feature(model(inputs()))
    mmadapt.adapt(model, {'type': method, 'bottleneck': 8})
    found = [m for m in model.modules() if isinstance(m, AdaptConv)]
    assert [m.grid for m in found] == [grid, grid]
    with torch.no_grad():
        assert torch.equal(feature(model(inputs())), before)
    for adapter in found:
        randomise(adapter)
    feature(model(inputs())).square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in model.parameters() if p.requires_grad)


def test_a_larger_square_image_has_a_larger_grid() -> None:
    assert TokenGrid(1, 1, 4, 4).size(1 + 36) == (6, 6)
    assert TokenGrid(1, 1, 2, 8).size(1 + 16) == (2, 8)
    assert TokenGrid(0, 2, 4, 4).size(2 * 25) == (5, 5)


@pytest.mark.parametrize('tokens', [1, 1 + 25, 1 + 2 * 10])
def test_tokens_that_are_no_grid_are_refused(tokens: int) -> None:
    with pytest.raises(DataError, match='no grid of 2 x 3 x 4'):
        GRID.size(tokens)


def test_maps_and_tokens_are_inverse() -> None:
    tokens = torch.randn(3, 24, 5)
    maps = GRID.to_maps(tokens)
    assert maps.shape == (6, 5, 3, 4)
    assert torch.equal(maps[1, :, 2, 3], tokens[0, 23])
    assert torch.equal(GRID.to_tokens(maps), tokens)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'bottleneck': 6}, 'groups'),
        ({'kernel_size': 2}, 'odd'),
        ({'kernel_size': 0}, 'from 1 on'),
    ],
)
def test_bad_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        AdaptConv(12, **options)


def test_a_block_in_no_known_vit_is_refused() -> None:
    model = build_image_vit()
    with pytest.raises(ConfigError, match='grid of tokens'):
        mmadapt.adapt(model.layers, {'type': 'AdaptConv', 'bottleneck': 8})
