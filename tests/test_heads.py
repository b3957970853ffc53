"""BNLinearHead against BatchNorm and Linear written out."""

from __future__ import annotations

import pytest
import torch

from mmadapt.errors import ConfigError, DataError
from mmadapt.heads import BNLinearHead


def test_training_normalises_by_the_batch() -> None:
    head = BNLinearHead(3, 8).train()
    x = torch.randn(16, 8) * 4 + 2
    mean, var = x.mean(0), x.var(0, unbiased=False)
    expected = (x - mean) / (var + 1e-6).sqrt() @ head.fc.weight.T + head.fc.bias
    torch.testing.assert_close(head(x), expected, atol=1e-5, rtol=1e-5)


def test_evaluation_normalises_by_the_running_statistics() -> None:
    head = BNLinearHead(3, 8).eval()
    head.bn.running_mean.fill_(2.0)
    head.bn.running_var.fill_(4.0)
    x = torch.randn(1, 8)
    expected = (x - 2) / (4 + 1e-6) ** 0.5 @ head.fc.weight.T + head.fc.bias
    torch.testing.assert_close(head(x), expected)


def test_names_and_initial_weights() -> None:
    head = BNLinearHead(174, 768)
    assert {name for name, _ in head.named_parameters()} == {'fc.weight', 'fc.bias'}
    assert sum(p.numel() for p in head.parameters()) == 174 * 769
    assert head.fc.weight.std().item() == pytest.approx(0.01, rel=0.02)
    assert torch.count_nonzero(head.fc.bias) == 0


def test_a_batch_of_one_is_refused_in_training() -> None:
    with pytest.raises(DataError, match='drop_last=True'):
        BNLinearHead(3, 8).train()(torch.zeros(1, 8))


@pytest.mark.parametrize('options', [{'num_classes': None}, {'num_classes': 0}])
def test_an_unknown_class_count_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match='num_classes'):
        BNLinearHead(**{'num_classes': 3, 'in_channels': 8, **options})


def test_logits_are_float32_under_autocast() -> None:
    head = BNLinearHead(3, 8).train()
    with torch.autocast('cpu', torch.bfloat16):
        assert head(torch.randn(4, 8)).dtype == torch.float32


def test_frames_are_averaged() -> None:
    """In testing that is the mean of their logits, as Recognizer2D's own heads do."""
    head = BNLinearHead(3, 8).eval()
    head.bn.running_mean.normal_()
    x = torch.randn(2 * 4, 8)
    expected = head(x).unflatten(0, (2, 4)).mean(1)
    torch.testing.assert_close(head(x, num_segs=4, fcn_test=False), expected)


def test_whole_maps_are_refused() -> None:
    with pytest.raises(ConfigError, match='fcn_test'):
        BNLinearHead(3, 8)(torch.zeros(2, 8), fcn_test=True)
