"""adapt and freeze: all checks first, then exactly the named parts train."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import mmadapt
from mmadapt.adapt import adapter_prefixes
from mmadapt.backbones.recompute import set_recompute
from mmadapt.errors import ConfigError
from mmadapt.hosts import AdapterHost
from tests.helpers import (
    build_image_swin,
    build_image_vit,
    build_video_vit,
    image_input,
)
from tests.processes import in_processes


def trainable_names(model: nn.Module) -> set[str]:
    return {name for name, p in model.named_parameters() if p.requires_grad}


def state(model: nn.Module) -> list[tuple[str, type, bool]]:
    modules = [(name, type(module)) for name, module in model.named_modules()]
    grads = [p.requires_grad for p in model.parameters()]
    return [(*entry, all(grads)) for entry in modules]


def test_layers_select_blocks_in_forward_order() -> None:
    model = mmadapt.adapt(build_image_vit(), {'bottleneck': 4, 'layers': [-1]})
    assert adapter_prefixes(model) == ['layers.1.adapter']


def test_a_list_puts_a_method_on_each_layer() -> None:
    adapters = [{'bottleneck': 4, 'layers': [0]}, {'bottleneck': 2, 'layers': [1]}]
    model = mmadapt.adapt(build_image_vit(), adapters)
    assert model.layers[0].adapter.down.out_features == 4
    assert model.layers[1].adapter.down.out_features == 2


def test_linear_probing_freezes_everything_but_the_prefix() -> None:
    model = mmadapt.adapt(build_video_vit(), None, trainable=['fc_norm'])
    assert trainable_names(model) == {'fc_norm.weight', 'fc_norm.bias'}
    assert adapter_prefixes(model) == []


def test_full_fine_tuning_trains_everything() -> None:
    model = mmadapt.adapt(build_image_vit(), None, trainable='all')
    assert all(p.requires_grad for p in model.parameters())


def test_prefixes_end_at_a_dot() -> None:
    model = mmadapt.adapt(build_image_vit(), None, trainable=['layers.1'])
    names = trainable_names(model)
    assert names and all(name.startswith('layers.1.') for name in names)


def test_freeze_can_be_called_again() -> None:
    model = mmadapt.adapt(build_image_vit(), {'bottleneck': 4})
    mmadapt.freeze(model, trainable=['ln1'])
    names = trainable_names(model)
    assert {'ln1.weight', 'ln1.bias'} < names
    assert all('adapter' in n for n in names - {'ln1.weight', 'ln1.bias'})


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'adapter': {'botleneck': 4}}, "Did you mean 'bottleneck'"),
        ({'adapter': {'type': 'AdaptMPL'}}, "Did you mean 'AdaptMLP'"),
        ({'adapter': {'layers': [2]}}, r'layers \[2\] is out of range.*\(0-1\)'),
        ({'adapter': {'layers': [-3]}}, 'out of range'),
        ({'adapter': {'layers': []}}, 'adapter=None'),
        ({'adapter': {'layers': [0, -2]}}, 'twice'),
        ({'adapter': {'layers': 'last'}}, "'all', a list"),
        ({'adapter': [{}, {}]}, 'two adapters'),
        ({'adapter': 64}, 'a dict such as'),
        ({'adapter': 'AdaptMLP'}, 'a dict such as'),
        ({'adapter': {'bottleneck': 4}, 'trainable': ['ln']}, "prefix 'ln' matches no"),
        ({'adapter': None, 'trainable': 'ln1'}, 'a list of parameter-name prefixes'),
        ({'adapter': {'bottleneck': 0}}, 'from 1 on'),
    ],
)
def test_a_refusal_leaves_the_model_untouched(
    options: dict[str, object], message: str
) -> None:
    model = build_image_vit()
    before = state(model)
    with pytest.raises(ConfigError, match=message):
        mmadapt.adapt(model, **options)
    assert state(model) == before


def test_adapting_twice_is_refused() -> None:
    model = mmadapt.adapt(build_image_vit(), {'bottleneck': 4})
    with pytest.raises(ConfigError, match='adapted already'):
        mmadapt.adapt(model, {'bottleneck': 4})


def test_blocks_that_are_computed_again_are_adapted_later() -> None:
    model = set_recompute(mmadapt.adapt(build_image_vit(), None), 'block')
    mmadapt.adapt(model, {'bottleneck': 4, 'layers': [-1]})
    hosts = [module for module in model.modules() if isinstance(module, AdapterHost)]
    assert len(hosts) == len(model.layers)
    assert {host.recompute_tier for host in hosts} == {'block'}
    assert len(adapter_prefixes(model)) == 1


def test_no_host_names_the_known_blocks() -> None:
    with pytest.raises(ConfigError, match='no adaptable block.*TransformerEncoderLay'):
        mmadapt.adapt(nn.Sequential(nn.Linear(2, 2)), {'bottleneck': 4})


def build_with_norm() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), build_image_vit())


@pytest.mark.parametrize('norm_eval', [True, False])
def test_batchnorm_of_the_trunk_keeps_its_statistics(norm_eval: bool) -> None:
    model = mmadapt.adapt(build_with_norm(), {'bottleneck': 4}, norm_eval=norm_eval)
    model.train()
    before = model[1].running_mean.clone()
    model(image_input() + 3)
    assert torch.equal(model[1].running_mean, before) is norm_eval


def test_batchnorm_that_trains_keeps_following() -> None:
    model = mmadapt.adapt(build_with_norm(), {'bottleneck': 4}, trainable=['1'])
    model.train()
    before = model[1].running_mean.clone()
    model(image_input() + 3)
    assert not torch.equal(model[1].running_mean, before)


def test_statistics_follow_again_what_comes_to_train() -> None:
    model = mmadapt.adapt(build_with_norm(), {'bottleneck': 4})
    mmadapt.freeze(model, trainable=['1'])
    assert model.train()[1].training and type(model[1]) is nn.BatchNorm2d
    mmadapt.freeze(model)
    assert not model.train()[1].training
    mmadapt.freeze(model, norm_eval=False)
    assert model.train()[1].training


def test_adapters_take_the_blocks_dtype() -> None:
    model = mmadapt.adapt(build_image_vit().double(), {'bottleneck': 4})
    assert model.layers[0].adapter.down.weight.dtype == torch.float64


def test_frozen_stages_of_upstream_do_not_freeze_the_adapters() -> None:
    """MMPretrain freezes whole blocks whenever a model is switched to training."""
    swin = torch.nn.Sequential(build_image_swin(frozen_stages=1))
    adapted = mmadapt.adapt(swin, {'bottleneck': 4})
    adapted.train()
    assert sum(p.requires_grad for p in adapted.parameters()) == 4 * 4


def test_full_fine_tuning_of_frozen_stages_is_a_contradiction_in_python_too() -> None:
    swin = torch.nn.Sequential(build_image_swin(frozen_stages=1))
    with pytest.raises(ConfigError, match='frozen_stages=1 of SwinTransformer'):
        mmadapt.adapt(swin, None, 'all')
    assert swin[0].frozen_stages == 1
    assert adapter_prefixes(swin) == []


def test_a_child_of_that_name_is_not_replaced() -> None:
    model = build_image_vit()
    model.layers[1].adapter = torch.nn.Identity()
    with pytest.raises(ConfigError, match=r"layers\.1 .* has a 'adapter' of its own"):
        mmadapt.adapt(model, {'bottleneck': 4})
    assert adapter_prefixes(model) == []


def test_blocks_without_attention_take_no_adapter_beside_it() -> None:
    from tests.host_cases.image_hivit import build

    for branch in ('attn', 'both'):
        with pytest.raises(ConfigError, match=r'blocks\.0 .* beside mlp only'):
            mmadapt.adapt(build(), {'bottleneck': 4, 'branch': branch})
    rule = {'stages': [-1]}
    adapted = mmadapt.adapt(build(), {'branch': 'both', 'layers': rule})
    assert len(adapter_prefixes(adapted)) == 2 * 7


def test_a_model_wrapped_for_several_processes_is_refused(tmp_path: Path) -> None:
    """Its wrapper would keep adapters that came later apart in each process."""

    def task(_: int) -> str:
        wrapped = nn.parallel.DistributedDataParallel(build_image_vit())
        before = state(wrapped)
        try:
            mmadapt.adapt(wrapped, {'bottleneck': 4})
        except ConfigError as error:
            assert state(wrapped) == before
            return str(error)
        return 'adapted'

    (said,) = in_processes(1, task, tmp_path)
    assert 'DistributedDataParallel' in said and 'first, then wrap' in said
    adapted = mmadapt.adapt(nn.DataParallel(build_image_vit()), {'bottleneck': 4})
    assert len(adapter_prefixes(adapted)) == 2


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(ConfigError, match="model='swin'"):
        mmadapt.adapt('swin', {'bottleneck': 4})  # type: ignore[arg-type]
