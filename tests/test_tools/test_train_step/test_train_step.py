"""The benchmark of a training step: its baseline, its counts, its table."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from train_step import parse_args, table
from train_steps import measure
from train_steps.measure import Run, in_turns
from train_steps.official import OfficialViT
from train_steps.shape import FLASH, SAMPLES, STORED, Shape, fewest
from train_steps.variants import BOTTLENECK, VARIANTS, Model, names_for

from mmadapt import adapt
from mmadapt.adapt import adapter_prefixes
from tests.helpers import feature, randomise

SMALL = Shape(frames=4, batch=2, width=48, depth=2, heads=4)


def test_the_baseline_is_the_adapted_model() -> None:
    """An image and a clip give both the same features, weights being equal."""
    from mmpretrain.models.backbones import VisionTransformer

    shape = Shape(frames=0, batch=2, width=48, depth=2, heads=4)
    torch.manual_seed(0)
    official = OfficialViT(shape, bottleneck=8)
    randomise(official, std=0.2)
    arch = {'embed_dims': 48, 'num_layers': 2, 'num_heads': 4}
    ours = VisionTransformer(
        {**arch, 'feedforward_channels': 192}, img_size=224, patch_size=16
    )
    ours = adapt(ours, {'bottleneck': 8})
    names = {
        'patch_embed.weight': 'patch_embed.projection.weight',
        'patch_embed.bias': 'patch_embed.projection.bias',
        'norm.weight': 'ln1.weight',
        'norm.bias': 'ln1.bias',
    }
    inner = {
        'norm1': 'ln1', 'norm2': 'ln2', 'attn.proj': 'attn.proj',
        'fc1': 'ffn.layers.0.0', 'fc2': 'ffn.layers.1',
        'adapter.down': 'adapter.down', 'adapter.up': 'adapter.up',
    }  # fmt: skip
    for index in range(2):
        for theirs, own in inner.items():
            for kind in ('weight', 'bias'):
                source = f'blocks.{index}.{theirs}.{kind}'
                names[source] = f'layers.{index}.{own}.{kind}'
    state = official.state_dict()
    found = {names.get(name, name): tensor for name, tensor in state.items()}
    for index in range(2):
        for kind in ('weight', 'bias'):
            parts = [found.pop(f'blocks.{index}.attn.{p}.{kind}') for p in 'qkv']
            found[f'layers.{index}.attn.qkv.{kind}'] = torch.cat(parts)
    ours.load_state_dict(found)
    assert len(adapter_prefixes(ours)) == 2
    x = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        expected = feature(ours(x))
        torch.testing.assert_close(official(x), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ('sample', 'blocks', 'attention', 'full', 'gigaflop'),
    [
        ('image', 12, FLASH, False, 65.3),
        ('image', 6, FLASH, False, 46.1),
        ('image', 0, FLASH, False, 32.7),
        ('image', 0, FLASH, True, 98.3),
        ('video', 12, FLASH, False, 329.8),
        ('video', 12, STORED, False, 319.4),
        ('video', 6, FLASH, False, 232.1),
        ('video', 0, FLASH, False, 154.0),
        ('video', 0, FLASH, True, 469.6),
        ('long-video', 12, FLASH, False, 808.7),
    ],
)
def test_operations(
    sample: str, blocks: int, attention: int, full: bool, gigaflop: float
) -> None:
    """Of one sample; those of 329.8 and 319.4 were counted by torch as well."""
    shape = dataclasses.replace(SAMPLES[sample], batch=1)
    found = fewest(shape, blocks, 64, attention, full) / 1e9
    assert found == pytest.approx(gigaflop, rel=1e-3)


def test_every_variant_runs_and_stands_in_the_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measure, 'GEMM', (8, 8, 8))
    names = ['official', 'plain', 'fused', 'mlp+qkv', 'last-1', 'linear', 'bf16']
    seconds, rates, kept = in_turns(names, SMALL, 'cpu', 2)
    assert kept['linear'] < kept['last-1'] < kept['mlp+qkv'] < kept['plain']
    assert kept['plain'] < kept['official']
    lines = table(names, SMALL, seconds, rates, kept, {}).splitlines()
    assert len(lines) == 2 + len(names)
    assert '| 1.000 | 1.000-1.000 |' in lines[2]
    assert all(
        VARIANTS[n].says in line for n, line in zip(names, lines[2:], strict=True)
    )


def test_ratios_of_rounds_and_of_the_quickest_steps() -> None:
    work = fewest(SMALL, SMALL.depth, BOTTLENECK, STORED, full=False)
    seconds = {'official': [2.0, 4.0], 'plain': [3.0, 1.0]}
    rates = {'float32': [work / 2, work]}  # the quicker one counts
    lines = table(list(seconds), SMALL, seconds, rates, {}, {}).splitlines()
    assert lines[2].split(' | ')[1:] == [
        *['1.000', '1.000-1.000', '1.000', '', ''],
        '0.50 |',
    ]
    assert lines[3].split(' | ')[1:4] == ['0.875', '0.250-1.500', '0.500']


def test_every_round_starts_from_another_variant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[Model] = []
    real = measure.step

    def watch(run: Run, model: Model, x: torch.Tensor, bf16: bool) -> None:
        ran.append(model)
        real(run, model, x, bf16)

    monkeypatch.setattr(measure, 'GEMM', (8, 8, 8))
    monkeypatch.setattr(measure, 'step', watch)
    in_turns(['official', 'plain'], SMALL, 'cpu', 2)
    first, second = ran[:2]
    assert ran == [first, second, first, second, second, first]


def test_variants_of_one_side_stay_there() -> None:
    assert 'eager' in names_for(SAMPLES['video'])
    assert 'eager' not in names_for(SAMPLES['image'])
    assert 'all-rows' in names_for(SAMPLES['image'])


def test_what_cannot_be_run_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (['--rounds', '-1'], ['--batch', '-2'], ['--variants', 'fast']):
        with pytest.raises(SystemExit):
            parse_args(argv)
        assert 'error' in capsys.readouterr().err
