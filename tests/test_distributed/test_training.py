"""Several processes train as one does whose BatchNorm sees ghost batches."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import MODELS
from torch import Tensor, nn

from mmadapt.hooks import SyncTrainedBuffersHook
from mmadapt.optim import TrainableOptimWrapperConstructor
from tests.helpers import randomise
from tests.processes import in_processes
from tests.test_weights.test_stamp import build

SHARE = 4  # samples of a process, and of a ghost batch
STEPS = 6
CLOSE = {'rtol': 1e-5, 'atol': 1e-6}
"""Float32 sums in another order, over six updates; they are 1e-7 apart after one."""


def classifier(ghost_batch: int | None) -> nn.Module:
    """The same start for all; adapters at zero would hide half of the gradients."""
    torch.manual_seed(0)
    model = build()
    for block in model.backbone.layers:
        randomise(block.adapter, std=0.2)
    randomise(model.head, std=0.2)
    if ghost_batch is not None:
        neck = {'type': 'GhostBatchNormNeck', 'input_features': 48}
        neck = {'_scope_': 'mmpretrain', **neck, 'ghost_batch': ghost_batch}
        model.neck = MODELS.build(neck)
    return model.train()


def batch(step: int, ranks: list[int]) -> dict[str, Any]:
    """What processes of these ranks read in one step, one behind the other."""
    from mmpretrain.structures import DataSample

    inputs, samples = [], []
    for rank in ranks:
        generator = torch.Generator().manual_seed(100 * step + rank)
        inputs.append(torch.randn(SHARE, 3, 32, 32, generator=generator))
        samples += [DataSample().set_gt_label((i + rank) % 3) for i in range(SHARE)]
    return {'inputs': torch.cat(inputs), 'data_samples': samples}


def train(ranks: list[int], ghost_batch: int | None, wrap: bool) -> dict[str, Tensor]:
    """What is in the task behind a few updates, and one average of the buffers."""
    inner = classifier(ghost_batch)
    model: Any = inner
    if wrap:
        model = MMDistributedDataParallel(inner, broadcast_buffers=False)
    optimizer = {'type': 'SGD', 'lr': 0.05, 'momentum': 0.9, 'weight_decay': 0.01}
    wrapper = TrainableOptimWrapperConstructor({'optimizer': optimizer})(model)
    for step in range(STEPS):
        model.train_step(batch(step, ranks), wrapper)
    SyncTrainedBuffersHook().after_train_epoch(SimpleNamespace(model=model))
    return {
        name: tensor.detach().clone()
        for name, tensor in inner.state_dict().items()
        if not name.endswith('stamp')
    }


@pytest.mark.parametrize('processes', [2, 4])
def test_weights_and_statistics_are_those_of_one_process(
    processes: int, tmp_path: Path
) -> None:
    start = classifier(None).state_dict()
    every = list(range(processes))
    ranks = in_processes(
        processes, lambda rank: train([rank], None, wrap=True), tmp_path
    )
    ghosts = train(every, ghost_batch=SHARE, wrap=False)
    whole = train(every, ghost_batch=None, wrap=False)
    trained = [n for n in ghosts if '.adapter.' in n or n.startswith(('head', 'neck'))]
    for name, tensor in ranks[0].items():
        for other in ranks[1:]:
            assert torch.equal(tensor, other[name]), name
        torch.testing.assert_close(tensor, ghosts[name], **CLOSE)
        if name in trained:
            assert not torch.allclose(tensor, start[name], **CLOSE), name
        else:
            assert torch.equal(tensor, start[name]), name
    apart = (ranks[0]['head.fc.weight'] - whole['head.fc.weight']).abs().max()
    assert apart > 1e-3  # statistics of the whole batch give another training
