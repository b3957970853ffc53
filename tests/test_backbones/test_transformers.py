"""Models of transformers in configs of the two libraries."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.registry import MODELS, DefaultScope
from torch import nn

import mmadapt  # noqa: F401  (registers the backbones)
from mmadapt.errors import ConfigError, WeightsError
from tests.helpers import image_input, randomise, video_input
from tests.test_tools.cli import load_tool

transformers = pytest.importorskip(
    'transformers',
    reason='transformers is not installed: its backbones go untested',
)

SIZES = {
    'hidden_size': 48,
    'num_hidden_layers': 2,
    'num_attention_heads': 4,
    'intermediate_size': 96,
    'image_size': 32,
    'patch_size': 8,
}
CLIPS = {**SIZES, 'num_frames': 4, 'tubelet_size': 2}


def build(scope: str, **backbone: Any) -> nn.Module:
    head: dict[str, Any] = {'type': 'LinearClsHead', 'num_classes': 3}
    model: dict[str, Any] = {
        'type': 'ImageClassifier',
        'head': {**head, 'in_channels': 48},
        'data_preprocessor': None,
    }
    if scope == 'mmaction':
        head = {'type': 'BNLinearHead', 'num_classes': 3, 'in_channels': 48}
        model = {'type': 'Recognizer3D', 'cls_head': head}
    with DefaultScope.overwrite_default_scope(scope):
        built: nn.Module = MODELS.build({**model, 'backbone': backbone})
    return built


def adapted(
    scope: str,
    trunk: str | Path | None = None,
    own: Mapping[str, Any] | None = None,
    **inner: Any,
) -> nn.Module:
    init = {'type': 'PretrainedTrunk', 'checkpoint': str(trunk)}
    return build(
        scope,
        type='AdaptedBackbone',
        backbone={'type': 'TransformersBackbone', **inner},
        adapter={'bottleneck': 4},
        init_cfg={'type': 'RandomTrunk'} if trunk is None else init,
        **(own or {}),
    )


def convert(folder: Path, model: str) -> Path:
    trunk = folder / 'trunk.pth'
    tool = load_tool('converters/convert_transformers')
    tool.main([str(folder), str(trunk), '--model', model])
    return trunk


@pytest.mark.parametrize('head', [False, True], ids=['trunk', 'with-head'])
@pytest.mark.parametrize('name', ['ViT', 'Dinov2'])
def test_features_are_those_of_the_file(tmp_path: Path, name: str, head: bool) -> None:
    config = getattr(transformers, f'{name}Config')(**SIZES)
    kind = f'{name}ForImageClassification' if head else f'{name}Model'
    saved = getattr(transformers, kind)(config).eval()
    randomise(saved, 0.1)
    saved.save_pretrained(tmp_path)
    model = adapted(
        'mmpretrain',
        convert(tmp_path, f'{name}Model'),
        {'class_row': False},  # to the bit
        model=f'{name}Model',
        config=str(tmp_path),
    ).eval()
    base = saved.base_model
    with torch.no_grad():
        (found,) = model.backbone(image_input())
        tokens = base(pixel_values=image_input()).last_hidden_state
    assert torch.equal(found, tokens[:, 0])
    assert model.backbone.task_stamp.report.missing == []


def test_clips_are_read_in_the_order_of_mmaction() -> None:
    model = adapted('mmaction', model='VideoMAEModel', config=CLIPS).eval()
    twin = transformers.VideoMAEModel(transformers.VideoMAEConfig(**CLIPS)).eval()
    own = {k: v for k, v in model.backbone.state_dict().items() if 'adapter' not in k}
    own.pop('task_stamp.stamp')
    twin.requires_grad_(False).load_state_dict(own)
    clips = video_input()
    with torch.no_grad():
        found = model.backbone(clips)
        tokens = twin(pixel_values=clips.transpose(1, 2)).last_hidden_state
    torch.testing.assert_close(found, tokens.mean(1), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ('scope', 'model', 'config'),
    [('mmpretrain', 'ViTModel', SIZES), ('mmaction', 'VideoMAEModel', CLIPS)],
)
def test_a_step_reaches_every_adapter_and_nothing_frozen(
    scope: str, model: str, config: dict[str, Any]
) -> None:
    whole = copy.deepcopy(adapted(scope, model=model, config=config)).train()
    for layer in whole.modules():
        if hasattr(layer, 'adapter'):
            randomise(layer.adapter)
    inputs = image_input() if scope == 'mmpretrain' else video_input()[:, None]
    whole(inputs, mode='tensor').sum().backward()
    for name, parameter in whole.backbone.named_parameters():
        assert (parameter.grad is not None) == ('.adapter.' in name), name


def test_a_folder_of_another_models_config_gives_its_sizes(tmp_path: Path) -> None:
    transformers.ViTConfig(**SIZES).save_pretrained(tmp_path)
    model = adapted('mmpretrain', model='ViTModel', config=str(tmp_path), pool='mean')
    assert model.backbone.config.hidden_size == 48
    assert model.backbone(image_input())[0].shape == (2, 48)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'model': 'ViTModle'}, "Did you mean 'ViTModel'"),
        ({'model': 'ViTConfig'}, 'is no model of transformers'),
        ({'config': {'hiden_size': 4}}, "Did you mean 'hidden_size'"),
        ({'pool': 'max'}, 'allowed: cls_token, avg_featmap, mean'),
    ],
)
def test_what_is_wrong_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        adapted('mmpretrain', **{'model': 'ViTModel', 'config': SIZES, **options})


def test_a_trunk_of_another_size_is_refused(tmp_path: Path) -> None:
    config = transformers.ViTConfig(**{**SIZES, 'num_hidden_layers': 1})
    transformers.ViTModel(config).save_pretrained(tmp_path)
    trunk = convert(tmp_path, 'ViTModel')
    with pytest.raises(WeightsError, match='missing in the file'):
        adapted('mmpretrain', trunk, model='ViTModel', config=SIZES)


@pytest.mark.parametrize('files', [['config.json'], []])
def test_a_folder_without_weights_gives_no_trunk(
    tmp_path: Path, files: list[str]
) -> None:
    if files:
        transformers.ViTConfig(**SIZES).save_pretrained(tmp_path)
    with pytest.raises(WeightsError, match='does not hold a ViTModel'):
        convert(tmp_path, 'ViTModel')
    assert not (tmp_path / 'trunk.pth').exists()


def test_a_folder_that_lacks_a_tensor_gives_no_trunk(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    transformers.ViTModel(transformers.ViTConfig(**SIZES)).save_pretrained(tmp_path)
    file = tmp_path / 'model.safetensors'
    state = load_file(file)
    del state[next(name for name in state if name.endswith('layernorm_after.bias'))]
    save_file(state, file, {'format': 'pt'})
    with pytest.raises(WeightsError, match='lacks 1 tensors of ViTModel'):
        convert(tmp_path, 'ViTModel')
