"""An adapted trunk in a runner of its own, and under a file of the zoo."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.hooks import EMAHook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.utils.data import DataLoader

import mmadapt
from mmadapt.adapt import adapter_prefixes
from mmadapt.backbones.trunk import adapt_backbone
from tests.helpers import (
    build_image_swin,
    build_image_vit,
    feature,
    image_input,
    randomise,
)

BUILDS = {'vit': build_image_vit, 'swin': build_image_swin}


class Task(BaseModel):
    """A trunk with a head, as far as a runner needs one."""

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = nn.LazyLinear(1)
        self(image_input())

    def forward(self, inputs: Tensor, mode: str = 'tensor') -> dict[str, Tensor]:
        pooled = feature(self.trunk(inputs)).flatten(1)
        return {'loss': self.head(pooled).square().mean()}


def as_inputs(batch: list[Tensor]) -> dict[str, Tensor]:
    """What a runner hands to the task: the one entry of a batch."""
    return {'inputs': batch[0]}


@pytest.mark.parametrize('kind', list(BUILDS))
def test_a_moving_average_in_a_runner(kind: str, tmp_path: Path) -> None:
    trunk = mmadapt.adapt(BUILDS[kind](), {'bottleneck': 8, 'branch': 'both'})
    for name in adapter_prefixes(trunk):
        randomise(trunk.get_submodule(name), std=0.1)
    task = Task(trunk)
    start = {name: tensor.clone() for name, tensor in task.state_dict().items()}
    runner = Runner(
        task,
        str(tmp_path),
        train_dataloader=DataLoader([image_input()] * 4, collate_fn=as_inputs),
        train_cfg={'by_epoch': False, 'max_iters': 4},
        optim_wrapper={'optimizer': {'type': 'SGD', 'lr': 0.1}},
        custom_hooks=[{'type': 'EMAHook', 'momentum': 0.5}],
        experiment_name=f'{kind}_{tmp_path.name}',
    )
    runner.train()
    hook = next(hook for hook in runner.hooks if isinstance(hook, EMAHook))
    average = hook.ema_model.module.state_dict()
    trained = {name for name, p in task.named_parameters() if p.requires_grad}
    for name, tensor in task.state_dict().items():
        same = torch.equal(tensor, average[name]), torch.equal(tensor, start[name])
        assert same == ((False, False) if name in trained else (True, True)), name


@pytest.mark.parametrize('kind', list(BUILDS))
def test_a_file_of_the_zoo_fills_the_trunk(kind: str, tmp_path: Path) -> None:
    """Whole classifiers with a head: nothing of the trunk is left over or missing."""
    donor = BUILDS[kind]()
    randomise(donor, std=0.1)
    file = {f'backbone.{name}': t for name, t in donor.state_dict().items()}
    head = {'head.fc.weight': torch.zeros(5, 48), 'head.fc.bias': torch.zeros(5)}
    path = tmp_path / 'zoo.pth'
    torch.save({'meta': {}, 'state_dict': {**file, **head}}, path)
    init_cfg = {'type': 'PretrainedTrunk', 'checkpoint': str(path)}
    model = adapt_backbone(BUILDS[kind](), {'bottleneck': 8}, (), True, init_cfg)
    assert set(model.task_stamp.report.unexpected) == set(head)
    assert model.task_stamp.trunk_state == 'loaded'
    state = model.state_dict()
    assert all(torch.equal(state[name], t) for name, t in donor.state_dict().items())
