"""A backbone that can't go on from its activations is refused, and named."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmadapt.cache import Boundary
from mmadapt.cache.cut import check_replay
from mmadapt.cache.replay import make_replaying
from mmadapt.cache.source import Source
from mmadapt.errors import ConfigError

from .sources import Noise, make_source

T2T = {
    'type': 'T2T_ViT',
    'img_size': 32,
    'embed_dims': 48,
    'num_layers': 2,
    't2t_cfg': {'token_dims': 16, 'use_performer': False},
    'layer_cfgs': {'num_heads': 4, 'feedforward_channels': 96},
}
MVIT = {
    'type': 'MViT',
    'arch': {
        'embed_dims': 32,
        'num_layers': 3,
        'num_heads': 2,
        'downscale_indices': [2],
    },
    'img_size': 32,
}
HIVIT = {
    'type': 'HiViT',
    'arch': {'embed_dims': 48, 'depths': [1, 1, 7], 'num_heads': 4},
    'img_size': 32,
    'patch_size': 16,
    'out_indices': [0],
}
MOBILE = {
    'type': 'MobileViT',
    'arch': [
        ['mobilenetv2', 16, 1, 1, 2],
        ['mobilevit', 16, 2, 24, 48, 2, 2],
        ['mobilevit', 24, 2, 32, 64, 2, 2],
    ],
    'out_indices': (2,),
}
TNT = {
    'type': 'TNT',
    'arch': {
        'embed_dims_outer': 48,
        'embed_dims_inner': 24,
        'num_layers': 2,
        'num_heads_outer': 4,
        'num_heads_inner': 2,
    },
    'img_size': 32,
    'patch_size': 8,
}


class Images(Noise):
    """Noise of 32 x 32, another one each."""

    def prepare_data(self, idx: int) -> dict[str, Any]:
        """A sample."""
        generator = torch.Generator().manual_seed(idx)
        image = torch.randint(0, 256, (3, 32, 32), generator=generator).byte()
        return {**super().prepare_data(idx), 'inputs': image}


def trunk(backbone: dict[str, Any], layers: list[int]) -> Source:
    options = {
        'type': 'AdaptedBackbone',
        'backbone': backbone,
        'adapter': {'bottleneck': 4, 'layers': layers},
        'init_cfg': {'type': 'RandomTrunk', 'seed': 0},
    }
    source = make_source(options, Images())
    source.model.head = None  # of another width
    return source


def check(source: Source) -> None:
    item = source.item()
    source.rows(source.loader.collate_fn([item, item]), 2)
    make_replaying(source.boundary)
    check_replay(source)


def test_a_trunk_that_goes_on_passes() -> None:
    check(make_source())
    check(trunk(TNT, [-1]))


@pytest.mark.parametrize(
    ('backbone', 'layers'),
    [
        (T2T, [-1]),
        (T2T, [-3, -2, -1]),
        (MVIT, [-1]),
        (HIVIT, [-1]),
        (TNT, [-3, -2, -1]),
    ],
    ids=['t2t', 't2t_stem', 'mvit', 'hivit', 'tnt'],
)
def test_a_trunk_that_fails_on_its_activations_is_named(
    backbone: dict[str, Any], layers: list[int]
) -> None:
    message = (
        rf'{backbone["type"]} fails on its activations \(\w+Error: .*cannot be cut'
    )
    with pytest.raises(ConfigError, match=message) as caught:
        check(trunk(backbone, layers))
    assert isinstance(caught.value.__cause__, RuntimeError | ValueError)


@pytest.mark.parametrize(
    ('backbone', 'layers'), [(MOBILE, [-1]), (TNT, [-2, -1])], ids=['mobile', 'tnt']
)
def test_activations_that_are_no_rows_of_samples_are_named(
    backbone: dict[str, Any], layers: list[int]
) -> None:
    message = (
        rf'{backbone["type"]}: in front of .* for 2 samples and 2 inputs.*cannot be cut'
    )
    with pytest.raises(ConfigError, match=message):
        check(trunk(backbone, layers))


class Turned(nn.Module):
    """A trunk whose blocks read tokens first and clips second, as UniFormerV2's."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Of clips ``(B, 3, 2, 3)``: six tokens each."""
        return self.block(x.flatten(2).permute(2, 0, 1)).mean(0)


class Clips(nn.Module):
    """A model that reads several clips of each sample."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Turned()
        self.data_preprocessor = Stacked()

    def forward(self, inputs: Tensor, data_samples: Any, mode: str) -> Tensor:
        """The features of all."""
        return self.backbone(inputs.flatten(0, 1))


class Stacked(nn.Module):
    """Nothing but the batch."""

    def forward(self, data: Any, training: bool) -> Any:
        """The same."""
        return data


def test_tokens_in_the_place_of_several_clips_are_named() -> None:
    model: Any = Clips()
    nothing: Any = None
    boundary = Boundary(model.backbone, (), 'block')
    source = Source(model, boundary, nothing, nothing, nullcontext)
    batch = {'inputs': torch.zeros(2, 2, 3, 2, 3), 'data_samples': []}
    with pytest.raises(ConfigError, match=r'\(6, 4, 3\) for 2 samples and 4 inputs'):
        source.rows(batch, 2)


@pytest.mark.parametrize('error', [torch.OutOfMemoryError, MemoryError])
def test_too_little_memory_is_no_fault_of_the_trunk(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_source()
    item = source.item()
    source.rows(source.loader.collate_fn([item, item]), 2)
    make_replaying(source.boundary)

    def full(*args: Any) -> None:
        raise error('full')

    monkeypatch.setattr('mmadapt.cache.replay.passing', full)
    with pytest.raises(error, match='full'):
        check_replay(source)


def test_another_output_is_named() -> None:
    source = make_source(dataset=Noise(noise=True))  # the first one is black without
    backbone: Any = source.boundary.backbone
    read: list[torch.Tensor] = []
    backbone.patch_embed.register_forward_pre_hook(lambda _, args: read.append(args[0]))
    norm = backbone.ln1
    norm.register_forward_hook(lambda module, args, out: out + read[-1].mean())
    with pytest.raises(ConfigError, match='gives another output from its activations'):
        check(source)
