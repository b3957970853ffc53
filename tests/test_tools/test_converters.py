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

from mmadapt.errors import WeightsError
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
    assert torch.equal(output(merged), output(model))
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
