"""Ghost batches against BatchNorms that each see one part."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmadapt.errors import ConfigError, DataError
from mmadapt.norms import GhostBatchNorm1d


@pytest.mark.parametrize('affine', [False, True])
def test_each_part_is_normalised_as_on_a_gpu_of_its_own(affine: bool) -> None:
    ghost = GhostBatchNorm1d(6, ghost_batch=4, affine=affine).train()
    gpus = [nn.BatchNorm1d(6, affine=affine, eps=1e-6) for _ in range(3)]
    if affine:
        for module in (ghost, *gpus):
            nn.init.constant_(module.weight, 1.5)
            nn.init.constant_(module.bias, 0.3)
    for step in range(3):
        torch.manual_seed(step)
        x = torch.randn(12, 6, requires_grad=True) * 3 + 1
        expected = torch.cat(
            [bn(part) for bn, part in zip(gpus, x.split(4), strict=True)]
        )
        got = ghost(x)
        torch.testing.assert_close(got, expected)
        weight = torch.randn(12, 6)
        gradients = [
            torch.autograd.grad((y * weight).sum(), x)[0] for y in (got, expected)
        ]
        torch.testing.assert_close(*gradients)
    for name in ('running_mean', 'running_var'):  # what the hook leaves
        mean = torch.stack([getattr(bn, name) for bn in gpus]).mean(0)
        torch.testing.assert_close(getattr(ghost, name), mean)
    assert ghost.num_batches_tracked == 3
    x = torch.randn(5, 6)
    for bn in gpus:
        bn.load_state_dict(ghost.state_dict())
    torch.testing.assert_close(ghost.eval()(x), gpus[0].eval()(x))


def test_without_parts_it_is_batchnorm() -> None:
    ghost, plain = (
        GhostBatchNorm1d(6).train(),
        nn.BatchNorm1d(6, affine=False, eps=1e-6),
    )
    x = torch.randn(7, 6)
    assert torch.equal(ghost(x), plain(x))
    assert torch.equal(ghost.running_var, plain.running_var)


@pytest.mark.parametrize('size', [3, 6])
def test_a_batch_of_no_whole_parts_is_refused(size: int) -> None:
    ghost = GhostBatchNorm1d(6, ghost_batch=4).train()
    with pytest.raises(DataError, match=f'batch of {size}.*ghost batches of 4'):
        ghost(torch.randn(size, 6))
    assert ghost.num_batches_tracked == 0


@pytest.mark.parametrize('value', [0, 1, 2.0])
def test_a_bad_size_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match='from 2 on'):
        GhostBatchNorm1d(6, ghost_batch=value)


def test_both_heads_take_it() -> None:
    from mmpretrain.registry import MODELS

    from mmadapt.heads import BNLinearHead

    neck = MODELS.build(
        {'type': 'GhostBatchNormNeck', 'input_features': 6, 'ghost_batch': 4}
    )
    plain = MODELS.build({'type': 'ClsBatchNormNeck', 'input_features': 6})
    assert list(neck.state_dict()) == list(plain.state_dict())
    x = torch.randn(8, 6)
    halves = torch.cat([plain((part,))[0] for part in x.split(4)])
    torch.testing.assert_close(neck((x,))[0], halves)
    head = BNLinearHead(3, 6, ghost_batch=4).train()
    torch.testing.assert_close(head(x), head.fc(halves))


def test_a_map_is_averaged() -> None:
    from mmadapt.heads import BNLinearHead

    head = BNLinearHead(3, 6).eval()
    x = torch.randn(2, 6, 3, 4, 5)
    torch.testing.assert_close(head(x), head(x.mean((2, 3, 4))))
