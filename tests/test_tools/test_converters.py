"""The converter commands write files that plain loaders take."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from mmengine.runner import load_checkpoint

from mmadapt.errors import ConfigError, WeightsError
from mmadapt.weights.task_file import task_state

from ..helpers import build_image_vit, feature, image_input, randomise
from ..test_weights import foreign
from ..test_weights.models import build, image_model, output, video_model

CONVERTERS = Path(__file__).resolve().parents[2] / 'tools' / 'converters'


def load_tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, CONVERTERS / f'{name}.py')
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


def test_convert_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / 'mae.pth', tmp_path / 'new' / 'converted.pth'
    state = foreign.timm_state()
    torch.save({'model': {**state, 'mask_token': torch.zeros(1)}}, source)
    load_tool('convert_weights').main([str(source), str(target), '--to', 'mmpretrain'])

    shown = capsys.readouterr().out
    assert 'timm, 32 tensors written' in shown
    assert 'left out: mask_token' in shown
    assert [file.name for file in target.parent.iterdir()] == ['converted.pth']
    model = torch.nn.Module()
    model.backbone = build_image_vit()
    load_checkpoint(model, str(target), map_location='cpu', strict=False)
    model.backbone.eval()
    with torch.no_grad():
        own = feature(model.backbone(image_input()))
    expected = foreign.image_feature(state, image_input())
    torch.testing.assert_close(own, expected, atol=1e-5, rtol=1e-4)


def test_nothing_is_written_from_a_file_that_can_not_be_read(tmp_path: Path) -> None:
    target = tmp_path / 'converted.pth'
    arguments = [str(tmp_path / 'none.pth'), str(target), '--to', 'mmaction']
    with pytest.raises(WeightsError, match='does not exist'):
        load_tool('convert_weights').main(arguments)
    assert not target.exists()


CONFIG = """
default_scope = {scope!r}
custom_imports = dict(imports=['mmadapt'], allow_failed_imports=False)
trunk = None
model = {model!r}
"""


@pytest.mark.parametrize('adapter', [{'bottleneck': 4}, None])
@pytest.mark.parametrize('face', [image_model, video_model])
def test_merge_task(
    face: Any, adapter: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From CONFIG and TASK to files that the libraries' own inference takes."""
    config, trunk, file, out = (
        tmp_path / name for name in ('config.py', 'trunk.pth', 'task.pth', 'out.pth')
    )
    scope = 'mmaction' if face is video_model else 'mmpretrain'
    text = CONFIG.format(scope=scope, model=face(None, adapter=adapter))
    config.write_text(text)
    torch.save(foreign.timm_state(), trunk)
    model = build(face(str(trunk), adapter=adapter))
    randomise(model.cls_head if scope == 'mmaction' else model.head)
    meta = {'dataset_meta': {'classes': ['a', 'b', 'c', 'd', 'e']}}
    state = task_state(model, model.state_dict())
    torch.save({'state_dict': state, 'meta': meta}, file)
    paths = [str(config), str(file), str(out)]
    load_tool('merge_task').main([*paths, '--cfg-options', f'trunk={trunk}'])

    trunk.unlink()
    assert f'{out}: ' in capsys.readouterr().out
    merged = load_plain(scope, out)
    assert output(merged).shape == (2, 5)
    # The library computes all rows of the last block, and attention in other steps.
    torch.testing.assert_close(output(merged), output(model), atol=1e-5, rtol=1e-5)
    plain = out.with_suffix('.py').read_text()
    assert str(tmp_path) not in plain
    assert ('AdaptFormerViT' in plain) == (adapter is not None)


def load_plain(scope: str, out: Path) -> torch.nn.Module:
    """By the inference function of the library."""
    config = str(out.with_suffix('.py'))
    if scope == 'mmpretrain':
        from mmpretrain.apis import get_model

        return get_model(config, pretrained=str(out), device='cpu')
    from mmaction.apis import init_recognizer

    return init_recognizer(config, str(out), device='cpu')


def test_merging_does_not_write_over_what_it_reads(tmp_path: Path) -> None:
    config = tmp_path / 'mine.py'
    config.write_text('model = dict()\n')
    task = tmp_path / 'task.pth'
    task.touch()
    for out in (tmp_path / 'mine.pth', task):
        with pytest.raises(ConfigError, match='written over'):
            load_tool('merge_task').main([str(config), str(task), str(out)])
    assert config.read_text() == 'model = dict()\n'


def test_an_official_file_becomes_a_task_file(tmp_path: Path) -> None:
    from mmadapt.apis import load_task
    from tests.tasks import write_config

    state = foreign.official(foreign.timm_state())
    generator = torch.Generator().manual_seed(3)
    for index in range(2):
        for part, shape in (('down_proj', (4, 48)), ('up_proj', (48, 4))):
            name = f'blocks.{index}.adaptmlp.{part}'
            state[f'{name}.weight'] = torch.randn(shape, generator=generator)
            state[f'{name}.bias'] = torch.randn(shape[0], generator=generator)
    state['head.0.running_mean'] = torch.randn(48, generator=generator)
    state['head.0.running_var'] = torch.rand(48, generator=generator)
    state['head.1.weight'] = torch.randn(3, 48, generator=generator)
    state['head.1.bias'] = torch.randn(3, generator=generator)
    official, task = tmp_path / 'official.pth', tmp_path / 'task.pth'
    torch.save({'model': state}, official)
    config = write_config(tmp_path / 'c.py')
    options = ['--cfg-options', 'num_classes=3']
    load_tool('import_task').main([str(config), str(official), str(task), *options])
    from mmadapt.config import load_config, merge_options

    cfg = merge_options(load_config(config), {'num_classes': 3, 'trunk': str(official)})
    model = load_task(cfg, task, 'cpu').model
    up = model.backbone.layers[1].adapter.up
    assert torch.equal(up.weight, state['blocks.1.adaptmlp.up_proj.weight'])
    assert torch.equal(model.head.fc.bias, state['head.1.bias'])
    torch.save(
        {'model': {k: v for k, v in state.items() if 'adapt' not in k}}, official
    )
    with pytest.raises(WeightsError, match='lacks what the task is made of'):
        load_tool('import_task').main([str(config), str(official), str(task), *options])
