"""Every sample counts once in a metric, however many processes share the data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset

from mmadapt.launch import join_processes
from tests.processes import in_processes
from tests.test_weights.models import build, video_model
from tests.test_weights.test_stamp import build as image_classifier

CLASSES = 5
SAMPLES = 11  # not a multiple of 2, 3 or 4


class Seen(BaseMetric):
    """How many samples were scored, and which."""

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        self.results += [sample['number'] for sample in data_samples]

    def compute_metrics(self, results: list) -> dict[str, Any]:
        return {'all': sorted(results)}


class Samples(Dataset):
    """Noise with a label, or labels, that say nothing."""

    metainfo: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, kind: str, size: int = SAMPLES) -> None:
        self.kind, self.size = kind, size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> dict[str, Any]:
        generator = torch.Generator().manual_seed(index)
        if self.kind == 'clips':
            from mmaction.structures import ActionDataSample

            sample: Any = ActionDataSample().set_gt_label(index % CLASSES)
            shape: tuple[int, ...] = (2, 3, 4, 32, 32)  # two views
        else:
            from mmpretrain.structures import DataSample

            several = [index % CLASSES, (index + 1) % CLASSES]
            label: Any = several if self.kind == 'labels' else index % CLASSES
            sample = DataSample().set_gt_label(label)
            shape = (3, 32, 32)
        sample.set_metainfo({'number': index, 'num_classes': CLASSES})
        inputs = torch.randn(shape, generator=generator)
        return {'inputs': inputs, 'data_samples': sample}


METRICS = {
    'images': [{'type': 'mmpretrain.Accuracy', 'topk': (1, 2)}],
    'labels': [
        {'type': 'mmpretrain.PresentAveragePrecision'},
        {'type': 'mmpretrain.MultiLabelMetric', 'thr': 0.3},
    ],
    'clips': [{'type': 'mmaction.AccMetric'}],
}


def model_of(kind: str) -> nn.Module:
    """A classifier that is the same in every process."""
    torch.manual_seed(0)
    if kind == 'clips':
        init_cfg = {'type': 'RandomTrunk', 'seed': 0}
        options = {'adapter': {'bottleneck': 4}, 'init_cfg': init_cfg}
        model: nn.Module = build(video_model(None, **options))
    else:
        model = image_classifier(CLASSES)
    heads = ('head.', 'cls_head.')
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.startswith(heads):
                parameter.normal_()
    return model.eval()


def score(kind: str, folder: Path) -> dict[str, Any]:
    """The metrics of both loops, in one process of however many."""
    cfg = Config({'launcher': 'pytorch'})
    join_processes(cfg)
    loops: dict[str, Any] = {}
    for loop in ('val', 'test'):
        loops[f'{loop}_dataloader'] = {
            'dataset': Samples(kind),
            'batch_size': 2,
            'num_workers': 0,
            'sampler': {'type': 'DefaultSampler', 'shuffle': False},
        }
        loops[f'{loop}_cfg'] = {}
        loops[f'{loop}_evaluator'] = [Seen(), *METRICS[kind]]
    runner = Runner(
        model_of(kind),
        str(folder),
        launcher='pytorch',
        default_scope='mmaction' if kind == 'clips' else 'mmpretrain',
        cfg=cfg,
        **loops,
    )
    return {'val': runner.val(), 'test': runner.test()}


@pytest.mark.slow
@pytest.mark.parametrize('kind', METRICS)
def test_the_scores_are_those_of_one_process(kind: str, folder: Path) -> None:
    (alone,) = in_processes(1, lambda _: score(kind, folder), folder)
    assert len(alone['val']) > 1
    for loop in ('val', 'test'):
        assert alone[loop]['all'] == list(range(SAMPLES))
    for processes in (2, 3, 4) if kind == 'images' else (3,):
        for found in in_processes(processes, lambda _: score(kind, folder), folder):
            assert found == alone
