"""The models of transformers, beyond the contract: plain ones, MMPretrain's wrapper."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch

import mmadapt
from mmadapt.adapters import AdaptMLP
from tests.helpers import image_input, randomise, video_input

transformers = pytest.importorskip(
    'transformers',
    reason='transformers is not installed: its hosts, and their contract, go untested',
)


def config() -> Any:
    return transformers.ViTConfig(
        image_size=32,
        patch_size=8,
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        num_labels=3,
    )


def test_a_model_of_transformers_is_adapted_in_three_lines() -> None:
    model = transformers.ViTForImageClassification(config())
    mmadapt.adapt(model, {'bottleneck': 64}, trainable=['classifier'])
    trained = {n for n, p in model.named_parameters() if p.requires_grad}
    assert {n.split('.')[0] for n in trained} == {'vit', 'classifier'}
    output = model(image_input(), labels=torch.tensor([0, 1]))
    output.loss.backward()
    assert output.logits.shape == (2, 3)


def test_hidden_states_are_still_recorded() -> None:
    base = transformers.ViTModel(config()).eval()
    adapted = mmadapt.adapt(copy.deepcopy(base), {'bottleneck': 8})
    with torch.no_grad():
        theirs = base(image_input(), output_hidden_states=True).hidden_states
        ours = adapted(image_input(), output_hidden_states=True).hidden_states
    assert len(ours) == len(theirs) == 3
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs))


def test_the_wrapper_of_mmpretrain_is_adapted(tmp_path: Path) -> None:
    from mmpretrain.registry import MODELS

    config().save_pretrained(tmp_path)
    model = MODELS.build({'type': 'HuggingFaceClassifier', 'model_name': str(tmp_path)})
    mmadapt.adapt(model, {'bottleneck': 8}, trainable=['model.classifier'])
    output = model(image_input())
    assert output.shape == (2, 3)
    output.square().sum().backward()
    for name, parameter in model.named_parameters():
        learns = '.adapter.' in name or name.startswith('model.classifier.')
        assert (parameter.grad is not None) == learns, name


@pytest.mark.parametrize('model', ['ViT', 'Dinov2', 'VideoMAE'])
@pytest.mark.parametrize('reentrant', [False, True])
def test_checkpoints_of_either_kind_keep_the_gradients(
    model: str, reentrant: bool
) -> None:
    kind = getattr(transformers, f'{model}Model')
    options = {**config().to_dict(), 'num_frames': 4, 'tubelet_size': 2}
    base = kind(getattr(transformers, f'{model}Config').from_dict(options))
    adapted = mmadapt.adapt(base, {'bottleneck': 8}).train()
    for module in adapted.modules():
        if isinstance(module, AdaptMLP):
            randomise(module)
    x = video_input().transpose(1, 2) if model == 'VideoMAE' else image_input()
    gradients = []
    for checkpointed in (False, True):
        if checkpointed:
            adapted.gradient_checkpointing_enable({'use_reentrant': reentrant})
        adapted.zero_grad()
        adapted(x).last_hidden_state.square().sum().backward()
        gradients.append([p.grad for p in adapted.parameters() if p.requires_grad])
        assert all(p.grad is None for p in adapted.parameters() if not p.requires_grad)
    for plain, recomputed in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, recomputed)
