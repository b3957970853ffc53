"""Faults that other modules work round; here it is shown that they are there."""

import pytest
import torch
import torch.distributed
from mmaction.models.backbones.vit_mae import VisionTransformer
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.dist import init_dist
from mmengine.optim import AmpOptimWrapper
from torch import nn

import mmadapt  # noqa: F401
from mmadapt.launch import join_processes, use_amp
from mmadapt.registry import ADAPTERS  # noqa: F401

ALONE = {
    'RANK': '0',
    'WORLD_SIZE': '1',
    'LOCAL_RANK': '0',
    'MASTER_ADDR': '127.0.0.1',
    'MASTER_PORT': '29731',
}


@pytest.fixture
def alone(monkeypatch):
    """The variables of a launcher that starts one process."""
    for name, value in ALONE.items():
        monkeypatch.setenv(name, value)
    yield
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


@pytest.mark.usefixtures('alone')
def test_gloo_upstream_asks_for_a_gpu():
    """Worked round by ``launch.join_processes``."""
    cfg = Config({'launcher': 'pytorch'})
    if get_device() != 'cpu':
        join_processes(cfg)
        assert not torch.distributed.is_initialized()
        return
    with pytest.raises((RuntimeError, AssertionError), match=r'(?i)nvidia|cuda'):
        init_dist('pytorch', backend='gloo')
    join_processes(cfg)
    assert torch.distributed.get_backend() == 'gloo'
    assert cfg.model_wrapper_cfg.device_ids is None


def test_upstream_amp_refuses_a_cpu():
    """Worked round by ``CpuAmpOptimWrapper``."""
    cfg = Config({'optim_wrapper': {'type': 'OptimWrapper'}})
    use_amp(cfg)
    if get_device() != 'cpu':
        assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
        return
    optimizer = torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1)
    with pytest.raises(AssertionError, match='only available training on gpu'):
        AmpOptimWrapper(optimizer=optimizer)
    assert cfg.optim_wrapper.type == 'CpuAmpOptimWrapper'


def test_upstream_ignores_pretrained_in_silence():
    """Refused by our own backbone."""
    options = {'img_size': 32, 'embed_dims': 16, 'depth': 1, 'num_heads': 2}
    plain = VisionTransformer(pretrained='no/such/file.pth', **options)
    plain.init_weights()
    assert plain.init_cfg[0]['type'] == 'TruncNormal'
