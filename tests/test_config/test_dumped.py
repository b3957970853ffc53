"""A resolved config is an ordinary one: the libraries run it as it was dumped."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mmadapt import resolve_config
from mmadapt.config import load_config, merge_options
from tests.tasks import (
    write_clips,
    write_config,
    write_images,
    write_trunk,
    write_video_config,
)
from tests.test_apis.test_task import write_task


@pytest.mark.parametrize('holdout', [0.0, 0.5])
def test_image(tmp_path: Path, holdout: float) -> None:
    from mmpretrain.apis import ImageClassificationInferencer, get_model

    cfg = load_config(write_config(tmp_path / 'photos.py'))
    options = {
        'data_root': str(write_images(tmp_path / 'photos')),
        'trunk': str(write_trunk(tmp_path / 'tiny.pth')),
        'holdout': holdout,
    }
    merge_options(cfg, options)
    task = write_task(cfg, tmp_path / 'task.pth', ['blue', 'red'])
    resolve_config(cfg).dump(tmp_path / 'dumped.py')
    model = get_model(str(tmp_path / 'dumped.py'), pretrained=str(task), device='cpu')
    photo = tmp_path / 'photos' / 'val' / 'red' / '0.png'
    result = ImageClassificationInferencer(model)(str(photo))[0]
    assert result['pred_class'] in ('blue', 'red')
    stored = torch.load(task, weights_only=True)['state_dict']
    assert torch.equal(model.head.fc.weight, stored['head.fc.weight'])


@pytest.mark.parametrize('holdout', [0.0, 0.5])
def test_video(tmp_path: Path, holdout: float) -> None:
    from mmaction.apis import inference_recognizer, init_recognizer

    cfg = load_config(write_video_config(tmp_path / 'clips.py'))
    options = {
        'data_root': str(write_clips(tmp_path / 'clips')),
        'trunk': str(write_trunk(tmp_path / 'tiny.pth')),
        'holdout': holdout,
    }
    merge_options(cfg, options)
    task = write_task(cfg, tmp_path / 'task.pth', ['left', 'right'])
    resolved = resolve_config(cfg)
    assert resolved.model.cls_head.num_classes == 2
    resolved.dump(tmp_path / 'dumped.py')
    dumped = str(tmp_path / 'dumped.py')
    model = init_recognizer(dumped, str(task), device='cpu')
    result = inference_recognizer(model, str(tmp_path / 'clips' / '0_0.mp4'))
    assert result.pred_score.shape == (2,)
    stored = torch.load(task, weights_only=True)['state_dict']
    assert torch.equal(model.cls_head.fc.weight, stored['cls_head.fc.weight'])
