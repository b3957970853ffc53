"""Models without an adaptable block: what the error says of their blocks."""

from __future__ import annotations

from typing import Any

import pytest
from mmpretrain.models.backbones.vision_transformer import TransformerEncoderLayer
from torch import Tensor, nn

import mmadapt
from mmadapt.adapters import AdaptMLP
from mmadapt.errors import ConfigError
from mmadapt.hosts import HOSTS, AdapterHost
from mmadapt.hosts.absent import no_host
from tests.host_cases import image_davit, image_swin


class Other(TransformerEncoderLayer):
    pass


def test_a_subclass_of_a_known_block_hints_at_registering() -> None:
    text = no_host(nn.Sequential(Other(8, 2, 16), nn.Linear(2, 2)), HOSTS)
    known = 'mmpretrain.models.backbones.vision_transformer.TransformerEncoderLayer'
    assert f'{__name__}.Other is a subclass of {known}' in text
    assert 'mmadapt.register_host' in text and 'Linear' not in text


def test_known_blocks_are_told_apart_by_their_files() -> None:
    text = no_host(nn.Linear(2, 2), HOSTS)
    assert 'vision_transformer.TransformerEncoderLayer' in text
    assert 'vit_sam.TransformerEncoderLayer' in text
    assert text.index('mmaction: ') < text.index('mmcv: ') < text.index('mmpretrain: ')


@pytest.mark.parametrize(
    'build',
    [
        lambda cfg: image_swin.build(stage_cfgs={'block_cfgs': {'ffn_cfgs': cfg}}),
        lambda cfg: image_davit.build(stage_cfgs={'block_cfgs': {'ffn_cfgs': cfg}}),
    ],
)
def test_an_mlp_without_a_skip_is_refused(build: Any) -> None:
    model = build({'add_identity': False})
    with pytest.raises(ConfigError, match=r'Block: its MLP has no skip around it'):
        mmadapt.adapt(model, {'bottleneck': 4})
    assert mmadapt.adapt(build({'add_identity': True}), {'bottleneck': 4}) is not None


class Plain(nn.Module):
    """A block without parameters."""

    def forward(self, x: Tensor) -> Tensor:
        return x


class AdaptedPlain(AdapterHost, Plain):
    def forward(self, x: Tensor) -> Tensor:
        return self.close_mlp(x, x, x)

    @staticmethod
    def width(block: Any) -> int:
        return 8


@pytest.mark.parametrize('around', [False, True])
def test_a_block_without_parameters(
    around: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(HOSTS, Plain, AdaptedPlain)
    model = nn.Sequential(Plain())
    if around:
        model.append(nn.Linear(2, 2).double())
    mmadapt.adapt(model, {'bottleneck': 4})
    assert isinstance(model[0].adapter, AdaptMLP)
    weight = model[0].adapter.down.weight
    assert str(weight.dtype) == ('torch.float64' if around else 'torch.float32')
