"""The paper's protocol for videos: crops without flip, 4 x 3 views, who is counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmaction.registry import METRICS, MODELS, TRANSFORMS
from mmaction.structures import ActionDataSample

from mmadapt.config import load_config
from mmadapt.config.frames import fill_frames
from tests.test_configs.test_build import CONFIGS
from tests.test_datasets.clips import write_clip

DATA = ['ssv2', 'hmdb51']


def steps(data: str, part: str) -> list[dict[str, Any]]:
    cfg = load_config(CONFIGS / f'adaptformer_{data}.py')
    fill_frames(cfg)
    return [dict(step) for step in cfg[f'{part}_dataloader'].dataset.pipeline]


def load(pipeline: list[dict[str, Any]], file: Path) -> Any:
    """What a pipeline makes of a file."""
    sample = {'filename': str(file), 'label': 0, 'start_index': 0, 'modality': 'RGB'}
    for step in pipeline:
        sample = TRANSFORMS.build(step)(sample)
    return sample


@pytest.mark.parametrize('data', DATA)
def test_training_crops_and_never_flips(data: str, tmp_path: Path) -> None:
    """SSv2 has left and right in its classes."""
    pipeline = steps(data, 'train')
    (crop,) = (step for step in pipeline if step['type'] == 'MultiScaleResizedCrop')
    assert (crop['size'], tuple(crop['scales'])) == (224, (1, 0.875, 0.75, 0.66))
    # Brighter from left to right: a flip would turn that round.
    ramp = np.linspace(0, 255, 320, dtype=np.uint8)
    frame = np.broadcast_to(ramp[None, :, None], (240, 320, 3)).copy()
    decoded = pipeline.index({'type': 'DecodeVideo'})
    for _ in range(30):
        results = {'imgs': [frame] * 8, 'clip_len': 8, 'num_clips': 1, 'label': 0}
        for step in pipeline[decoded + 1 :]:
            results = TRANSFORMS.build(step)(results)
        image = results['inputs'][0, 0, 0].float()
        assert image[:, -1].mean() > image[:, 0].mean() + 50


@pytest.mark.parametrize('data', DATA)
def test_a_test_reads_four_windows_and_three_squares(data: str, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / 'a.mp4', frames=80, width=96, height=48)
    inputs = load(steps(data, 'test'), clip)['inputs']
    assert inputs.shape == (12, 3, 8, 224, 224)
    brightness = inputs.float().mean(dim=(1, 3, 4))  # a view and frame
    # Of the 20 strided frames 0, 4, 8 ...: windows of 8 that start at 0, 4, 8 and 12,
    # each seen in three squares. Brightness repeats after 20 frames.
    first = [round((float(view[0]) - 20) / 10) for view in brightness]
    windows = [0, 16, 32, 48]
    expected = [start % 20 for start in windows]
    assert sorted(first) == sorted(expected * 3)


@pytest.mark.parametrize('data', DATA)
def test_views_are_averaged_on_raw_logits(data: str) -> None:
    """Two views lean to class 0 a little, one to class 1 a lot."""
    cfg = load_config(CONFIGS / f'adaptformer_{data}.py')
    head = dict(cfg.model.cls_head, num_classes=2, in_channels=4)
    views = torch.tensor([[10.0, 0.0]] * 7 + [[0.0, 30.0]] * 5)
    model = MODELS.build(head)
    model.bn, model.fc = torch.nn.Identity(), torch.nn.Identity()
    (sample,) = model.predict(views, [ActionDataSample()])
    mean = (7 * np.array([10.0, 0.0]) + 5 * np.array([0.0, 30.0])) / 12
    np.testing.assert_allclose(sample.pred_score.numpy(), mean, rtol=1e-6)
    assert int(sample.pred_label) == 1
    assert int(views.softmax(dim=1).mean(dim=0).argmax()) == 0  # the other average


@pytest.mark.parametrize('data', DATA)
def test_only_what_is_right_is_counted(data: str) -> None:
    """The official code counts a video whose result can't be read as right."""
    cfg = load_config(CONFIGS / f'adaptformer_{data}.py')
    metric = METRICS.build(dict(cfg.test_evaluator))
    rising = np.arange(10, dtype=np.float32)
    # Right; among the best five only; twice not even that.
    cases = [(9, rising), (5, rising), (4, rising), (0, rising)]
    for label, score in cases:
        metric.process(
            None,
            [{'pred_score': torch.tensor(score), 'gt_label': torch.tensor([label])}],
        )
    result = metric.evaluate(size=len(cases))
    assert result['acc/top1'] == pytest.approx(1 / 4)
    assert result['acc/top5'] == pytest.approx(2 / 4)
