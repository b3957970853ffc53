"""tools/analysis/cost.py: operations against the closed formula, memory by hand."""

from __future__ import annotations

from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import costs.measure
import costs.report
import pytest
import torch
from costs.flops import Flops, count
from costs.measure import Request, measure
from costs.memory import saved, saved_bytes
from costs.models import build, config_of, make_batch, shape_of
from torch import nn

from tests.fake_gpu import GPU, MODE, run_there, there

from ..cli import ROOT, load_tool, run_tool
from .ending import end_it

CONFIG = ROOT / 'configs' / 'quickstart' / 'image_adaptformer.py'
LAYERS, WIDTH, TOKENS, CLASSES, BOTTLENECK = 6, 96, 16, 10, 64
BLOCK = TOKENS * (24 * WIDTH**2 + 4 * TOKENS * WIDTH)
BACKWARD = TOKENS * (24 * WIDTH**2 + 10 * TOKENS * WIDTH)
PATCHES = 2 * TOKENS * 3 * 8 * 8 * WIDTH
HEAD = 2 * WIDTH * CLASSES
ADAPTER = 4 * WIDTH * BOTTLENECK * TOKENS


def counted(method: str, options: dict[str, Any] | None = None, size: int = 2) -> Flops:
    """Of one sample of the quickstart's ViT."""
    cfg = config_of(CONFIG, method, options)
    model = build(cfg)
    flops = count(model, make_batch(model, shape_of(cfg, model), size))
    return Flops(*(part // size for part in (flops.forward, flops.step, flops.floor)))


def test_adapters_cost_what_the_formula_says() -> None:
    flops = counted('config')
    forward = LAYERS * (BLOCK + ADAPTER) + PATCHES + HEAD
    assert flops.forward == forward
    # two gradients of each adapter, but for the lowest one's input
    adapters = 2 * LAYERS * ADAPTER - 2 * WIDTH * BOTTLENECK * TOKENS
    assert flops.floor == forward + (LAYERS - 1) * BACKWARD + adapters + 2 * HEAD
    assert flops.step == flops.floor, 'autograd does no more than that'


def test_nothing_below_the_lowest_adapter_costs_a_gradient() -> None:
    options = {'model.backbone.adapter.layers': [-2, -1]}
    flops = counted('config', options)
    forward = LAYERS * BLOCK + 2 * ADAPTER + PATCHES + HEAD
    adapters = 4 * ADAPTER - 2 * WIDTH * BOTTLENECK * TOKENS
    assert flops.forward == forward
    assert flops.step == flops.floor == forward + BACKWARD + adapters + 2 * HEAD


def test_linear_probing_and_full_fine_tuning() -> None:
    forward = LAYERS * BLOCK + PATCHES + HEAD
    linear = counted('linear')
    assert linear.step == linear.floor == forward + HEAD
    full = counted('full')
    weights = LAYERS * TOKENS * 24 * WIDTH**2 + PATCHES
    assert full.floor == forward + LAYERS * BACKWARD + weights + 2 * HEAD
    assert full.step == full.floor


def test_prompts_send_a_gradient_through_the_lowest_block_too() -> None:
    flops = counted('vpt-4')
    tokens = TOKENS + 4
    block = tokens * (24 * WIDTH**2 + 4 * tokens * WIDTH)
    backward = tokens * (24 * WIDTH**2 + 10 * tokens * WIDTH)
    forward = LAYERS * block + PATCHES + HEAD
    assert flops.forward == forward
    assert flops.step == flops.floor == forward + LAYERS * backward + 2 * HEAD


def test_saved_counts_each_storage_once_and_no_parameter() -> None:
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 4))
    inputs = torch.randn(5, 8)
    with saved(model) as kept:
        model(inputs)
    hidden = 5 * 8 * 4  # what ReLU gave: read by ReLU's and by the Linear's backward
    assert sum(kept.values()) == 5 * 8 * 4 + hidden


def test_the_least_memory_is_that_of_the_formula() -> None:
    cfg = config_of(CONFIG, 'config', {'model.backbone.adapter.layers': [-2, -1]})
    model = build(cfg)
    kept, least = saved_bytes(model, make_batch(model, shape_of(cfg, model), 2))
    read = 2 * TOKENS * WIDTH * 4
    assert least == read + 10 * read + 2 * read * BOTTLENECK // WIDTH
    assert least <= kept <= 1.2 * least


def request_of(amp: bool = False, options: dict[str, Any] | None = None) -> Request:
    return Request(
        config=CONFIG,
        options=options,
        num_classes=None,
        batch=2,
        size=None,
        frames=None,
        iterations=1,
        device='cpu',
        amp=amp,
        threads=torch.get_num_threads(),
    )


@pytest.mark.parametrize('amp', [False, True])
def test_measure_reports_one_method(amp: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs.measure, 'PRODUCT', (64, 64, 64))
    cost = measure(request_of(amp), 'config')
    assert cost.trainable == LAYERS * (2 * WIDTH * 64 + 64 + WIDTH) + 97 * CLASSES
    blocks = LAYERS * (12 * WIDTH**2 + 13 * WIDTH)
    stem = (3 * 8 * 8 + 1) * WIDTH + TOKENS * WIDTH + 2 * WIDTH  # and a last norm
    assert cost.total == cost.trainable + blocks + stem
    assert 4 * cost.total <= cost.weights < 4.1 * cost.total
    assert 4 * cost.trainable < cost.task_bytes < 4 * cost.trainable + 50_000
    assert cost.seconds > 0 and cost.seconds_floor > 0 and cost.peak > 0
    assert cost.shape.frames == 0


@pytest.mark.parametrize(
    ('amp', 'stored', 'rates', 'told'),
    [
        (False, False, {torch.float32}, 'float32'),
        (True, False, {torch.bfloat16}, 'bfloat16 where autocast allows'),
        (True, True, {torch.bfloat16}, 'bfloat16 where autocast allows'),
        (
            False,
            True,
            {torch.float32, torch.bfloat16},
            'float32, but bfloat16 in the backbone of config (frozen_dtype)',
        ),
    ],
)
def test_the_rate_is_of_what_the_backbone_computes_in(
    amp: bool, stored: bool, rates: Any, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[torch.dtype] = []

    def rate(device: str, kind: torch.dtype) -> float:
        asked.append(kind)
        return 1.0

    monkeypatch.setattr(costs.measure, 'product_rate', rate)
    options = {'model.backbone.frozen_dtype': 'bfloat16'} if stored else None
    request = request_of(amp, options)
    found = [measure(request, method) for method in ('config', 'full')]
    assert set(asked) == rates
    assert f' pixels, {told}, on cpu' in costs.report.markdown(found, request)


def test_frozen_weights_in_bfloat16_take_half_but_in_full_fine_tuning() -> None:
    options = {'model.backbone.frozen_dtype': 'bfloat16'}
    models = [build(config_of(CONFIG, m, o)) for m, o in (
        ('config', None), ('config', options), ('full', None), ('full', options),
    )]  # fmt: skip
    sizes = [
        sum(p.nbytes for p in model.backbone.layers[1].ffn.parameters())
        for model in models
    ]
    assert sizes[1] == sizes[0] // 2
    assert sizes[2] == sizes[3] == sizes[0]


def test_the_command_prints_a_row_a_method_and_what_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    swin = tmp_path / 'swin.py'
    base = ROOT / 'configs' / 'backbones' / 'swin_adaptformer_cifar100.py'
    swin.write_text(
        f'_base_ = {str(base)!r}\n'
        'arch = dict(_delete_=True, embed_dims=24, depths=[1, 1, 1, 1], '
        'num_heads=[1, 2, 4, 8])\n'
        'model = dict(backbone=dict(backbone=dict(arch=arch)), '
        'neck=[dict(type="GlobalAveragePooling"), '
        'dict(type="ClsBatchNormNeck", input_features=192)], '
        'head=dict(in_channels=192))\n'
    )
    run_tool(
        monkeypatch, 'analysis/cost', swin, '--methods', 'vpt', 'config',
        '--iterations', 1, '--device', 'cpu',
    )  # fmt: skip
    out = capsys.readouterr().out
    assert '| the config' in out
    assert 'vpt is refused: no adaptable block in SwinTransformer' in out
    assert '224 x 224 pixels, float32, on cpu' in out


@pytest.mark.parametrize(
    ('options', 'text'), [(['--batch', 1], 'two samples'), (['--size', 0], '--size 0')]
)
def test_numbers_are_checked(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[object],
    text: str,
) -> None:
    with pytest.raises(SystemExit):
        run_tool(monkeypatch, 'analysis/cost', CONFIG, *options)
    assert text in capsys.readouterr().err


@pytest.mark.parametrize(
    'error',
    [
        torch.OutOfMemoryError('CUDA out of memory'),
        MemoryError(),
        RuntimeError('DefaultCPUAllocator: not enough memory'),
        BrokenProcessPool('terminated abruptly'),
    ],
)
def test_what_fits_is_told_where_another_does_not(
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def apart(request: Request, method: str) -> Any:
        if method == 'full':
            raise error
        return measure(request, method)

    command = load_tool('analysis/cost')
    monkeypatch.setattr(command, 'apart', apart)
    arguments = ['cost.py', str(CONFIG), '--methods', 'full', 'linear']
    monkeypatch.setattr('sys.argv', [*arguments, '--device', 'cpu'])
    command.main()
    out = capsys.readouterr().out
    assert '| linear' in out
    assert f'its process was ended: {str(error) or "MemoryError"} (--batch' in out


def test_other_errors_stay_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    command = load_tool('analysis/cost')

    def apart(request: Request, method: str) -> Any:
        raise RuntimeError('mat1 and mat2 shapes cannot be multiplied')

    monkeypatch.setattr(command, 'apart', apart)
    monkeypatch.setattr('sys.argv', ['cost.py', str(CONFIG), '--device', 'cpu'])
    with pytest.raises(RuntimeError, match='mat1 and mat2'):
        command.main()


def test_a_process_that_is_ended_is_no_endless_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = load_tool('analysis/cost')
    monkeypatch.setattr(command, 'measure', end_it)
    request: Any = None
    with pytest.raises(BrokenProcessPool):
        command.apart(request, 'full')


class Placed(nn.Module):
    """A model whose first parameter is on a GPU."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.first = nn.Parameter(there(torch.zeros(1)))
        self.head = model.head


@pytest.mark.parametrize('name', ['adaptformer_cifar100.py', 'adaptformer_nuswide.py'])
def test_a_batch_is_where_its_model_is(name: str) -> None:
    cfg = config_of(ROOT / 'configs' / name, 'config', None, 5)
    model = build(cfg)
    with MODE:
        batch = make_batch(Placed(model), shape_of(cfg, model), 2)
    data = {'inputs': batch.inputs, 'data_samples': batch.samples}
    assert run_there(model, True, **data, mode='loss')['loss'].device.type == GPU
