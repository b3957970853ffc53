"""tools/analysis/cost.py: the least is that of the arithmetic, however a step runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from costs import flops
from costs.flops import count
from costs.measure import Request, precision
from costs.memory import saved_bytes
from costs.models import build, config_of, make_batch, shape_of

from mmadapt import head_attention, linear

from ..cli import ROOT

BATCH, LAYERS, WIDTH, CLASSES, BOTTLENECK = 2, 3, 48, 100, 8
TOKENS = 17  # of 32 pixels in patches of 8, and the class token
PATCHES = 2 * 16 * 3 * 8 * 8 * WIDTH
HEAD = 2 * WIDTH * CLASSES
IMAGE = ROOT / 'configs' / 'adaptformer_cifar100.py'
VIDEO = ROOT / 'configs' / 'adaptformer_hmdb51.py'

OPTIONS: dict[Path, dict[str, Any]] = {
    IMAGE: {
        'model.backbone.arch': {
            '_delete_': True,
            'embed_dims': WIDTH,
            'num_layers': LAYERS,
            'num_heads': 4,
            'feedforward_channels': 4 * WIDTH,
        },
        'model.backbone.img_size': 32,
        'model.backbone.patch_size': 8,
        'model.neck.input_features': WIDTH,
        'model.head.in_channels': WIDTH,
    },
    VIDEO: {
        'model.backbone.embed_dims': WIDTH,
        'model.backbone.depth': LAYERS,
        'model.backbone.num_heads': 4,
        'model.backbone.num_frames': 4,
        'model.backbone.img_size': 32,
        'model.backbone.patch_size': 8,
        'model.cls_head.in_channels': WIDTH,
    },
}

WAYS: dict[str, dict[str, Any]] = {
    'mlp': {'recompute': 'mlp'},
    'mlp+qkv': {'recompute': 'mlp+qkv'},
    'block': {'recompute': 'block'},
    'fused': {'fused_mlp': True},
    'all rows': {'class_row': False},
    'all rows, mlp': {'class_row': False, 'recompute': 'mlp'},
    'all tokens': {'mean_row': False},
    'oneDNN': {'cpu_linear': 'onednn'},
    'oneDNN, mlp+qkv': {'cpu_linear': 'onednn', 'recompute': 'mlp+qkv'},
}
OF_ONE = {IMAGE: 'mean_row', VIDEO: 'class_row'}
"""Options that the other one lacks."""


def floors(
    config: Path, method: str = 'config', amp: bool = False, **backbone: Any
) -> tuple[int, int, int, int]:
    """Operations of a step and the fewest; bytes kept and the least; of a batch."""
    if method == 'config':
        backbone['adapter.bottleneck'] = BOTTLENECK
    options = {f'model.backbone.{name}': value for name, value in backbone.items()}
    cfg = config_of(config, method, {**OPTIONS[config], **options})
    model = build(cfg)
    batch = make_batch(model, shape_of(cfg, model), BATCH)
    request = Request(
        config=config, options=None, num_classes=None, batch=BATCH, size=None,
        frames=None, iterations=1, device='cpu', amp=amp, threads=1,
    )  # fmt: skip
    with precision(request):
        counted = count(model, batch)
        kept, least = saved_bytes(model, batch)
    return counted.step, counted.floor, kept, least


def test_the_formula_of_a_class_token() -> None:
    """Written out by hand; the last block's class token is computed alone."""
    step, floor, kept, least = floors(IMAGE)
    block = TOKENS * 24 * WIDTH**2
    products = 2 * TOKENS * TOKENS * WIDTH  # q k^T, or the probabilities by v
    last = 4 * TOKENS * WIDTH**2 + 20 * WIDTH**2  # k and v; q, projection, MLP
    row = 2 * TOKENS * WIDTH
    branch = 2 * WIDTH * BOTTLENECK  # of a token, down or up
    adapters = 2 * branch * ((LAYERS - 1) * TOKENS + 1)
    forward = (LAYERS - 1) * (block + 2 * products) + last + 2 * row
    backward = (LAYERS - 2) * (block + 5 * products) + last + 5 * row
    learnt = 2 * adapters - branch * TOKENS  # nothing is below the lowest one
    expected = forward + adapters + PATCHES + HEAD + backward + learnt + 2 * HEAD
    assert floor == BATCH * expected
    assert step == floor
    read, given = (4 * BATCH * count * WIDTH for count in (TOKENS, 1))
    hidden = (2 * read + given) * BOTTLENECK // WIDTH
    assert least == read + 10 * read + 3 * read + 7 * given + hidden
    assert least <= kept <= 1.2 * least


@pytest.mark.parametrize(
    ('config', 'method', 'way'),
    [
        (config, method, way)
        for config in OPTIONS
        for method in ('config', 'linear', 'full')
        for way in WAYS
        if OF_ONE[config] not in WAYS[way]
        if not (method == 'full' and 'fused_mlp' in WAYS[way])  # of frozen blocks
    ],
)
def test_no_way_to_run_it_moves_the_least(
    config: Path, method: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = WAYS[way]
    if 'cpu_linear' in options:  # for products and tokens as few as these
        monkeypatch.setattr(linear, 'LEAST', 1)
        monkeypatch.setattr(head_attention, 'LEAST_TOKENS', 1)
    step, floor, _, least = floors(config, method, **options)
    plain = floors(config, method)
    assert (floor, least) == (plain[1], plain[3])
    assert plain[0] == plain[1] and plain[2] >= plain[3]
    assert step >= floor


def test_the_formula_of_a_mean() -> None:
    """Written out by hand; the last MLP's second layer is computed for one row."""
    step, floor, kept, least = floors(VIDEO)
    tokens = 2 * (32 // 8) ** 2
    products = 2 * tokens * tokens * WIDTH
    block = tokens * 24 * WIDTH**2
    last = tokens * 16 * WIDTH**2 + 8 * WIDTH**2
    branch = 2 * WIDTH * BOTTLENECK * tokens
    forward = (LAYERS - 1) * block + last + LAYERS * (2 * products + 2 * branch)
    backward = (LAYERS - 2) * block + last + (LAYERS - 1) * 5 * products
    learnt = (4 * LAYERS - 1) * branch
    head = 2 * WIDTH * classes_of(VIDEO)
    patches = tokens * 2 * 2 * 3 * 8 * 8 * WIDTH
    assert (
        floor
        == step
        == BATCH * (forward + patches + head + backward + learnt + 2 * head)
    )
    size = 4 * BATCH * tokens * WIDTH
    assert least == size * (1 + 10 * (LAYERS - 1)) + LAYERS * size * BOTTLENECK // WIDTH
    assert least <= kept <= 1.2 * least


def classes_of(config: Path) -> int:
    return int(config_of(config, 'config', OPTIONS[config]).model.cls_head.num_classes)


@pytest.mark.parametrize('stored', [None, 'bfloat16'])
def test_nor_does_precision_move_the_operations(stored: str | None) -> None:
    step, floor, _, least = floors(IMAGE, amp=True, frozen_dtype=stored)
    plain = floors(IMAGE)
    assert (step, floor, 2 * least) == (plain[0], plain[1], plain[3])


@pytest.mark.parametrize('tokens', [1, 5])
def test_prompts_are_tokens(tokens: int) -> None:
    _, _, kept, least = floors(IMAGE, f'vpt-{tokens}')
    assert least == 4 * BATCH * (TOKENS + tokens) * WIDTH * LAYERS * 10
    assert least <= kept <= 1.3 * least


def test_what_is_done_is_never_less_than_the_fewest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some blocks compute what is not differentiated, of which no formula knows."""
    step, floor, _, _ = floors(IMAGE)
    monkeypatch.setattr(flops, 'fewest', lambda *_: 1.09 * floor)
    assert floors(IMAGE)[:2] == (step, step)
    monkeypatch.setattr(flops, 'fewest', lambda *_: 0.5 * floor)
    assert floors(IMAGE)[:2] == (step, floor // 2)


def test_the_model_is_as_it_was() -> None:
    options = {**OPTIONS[IMAGE], 'model.backbone.class_row': False}
    cfg = config_of(IMAGE, 'config', options)
    model = build(cfg)
    before = [(type(m), sorted(vars(m))) for m in model.modules()]
    count(model, make_batch(model, shape_of(cfg, model), BATCH))
    assert [(type(m), sorted(vars(m))) for m in model.modules()] == before
    assert all(p.grad is None for p in model.parameters())
    assert torch.is_grad_enabled()
