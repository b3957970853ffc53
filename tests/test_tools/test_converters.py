"""The converter commands write files that plain loaders take."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from mmengine.runner import load_checkpoint

from mmadapt.errors import WeightsError

from ..helpers import build_image_vit, feature, image_input
from ..test_weights import foreign

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
