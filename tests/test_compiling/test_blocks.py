"""Compiled blocks give the modules' numbers, by one code for all of a kind."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.flop_counter import FlopCounterMode

from mmadapt.hosts.class_row import set_class_row
from mmadapt.precision import store_frozen
from tests.helpers import feature
from tests.test_recompute.steps import SIDES, adapted, assert_equal, step

from .counting import WHOLE, compiled, counted

DEPTH = 12
DEEP: dict[str, dict[str, Any]] = {
    'image': {
        'arch': {
            'embed_dims': 48,
            'num_layers': DEPTH,
            'num_heads': 4,
            'feedforward_channels': 96,
        }
    },
    'video': {'depth': DEPTH},
}


@pytest.mark.parametrize('side', list(SIDES))
def test_twelve_blocks_are_one_code(side: str) -> None:
    """Two graphs: the first block reads tokens without a gradient."""
    model, x = adapted(side, {'bottleneck': 8}, **DEEP[side])
    again = compiled(model)
    with counted() as graphs:
        assert_equal(step(again, x), step(model, x))
        assert len(graphs) == 2
        step(pickle.loads(pickle.dumps(copy.deepcopy(again))), x)
        assert len(graphs) == 2  # a moving average, another process' model
        again.eval()
        with torch.no_grad():
            again(x)
        assert len(graphs) == 3


@pytest.mark.parametrize(('side', 'layers'), [('video', [2, 3]), ('image', [-1])])
def test_blocks_with_and_without_adapters(side: str, layers: list[int]) -> None:
    model, x = adapted(side, {'bottleneck': 8, 'layers': layers}, **DEEP[side])
    with counted() as graphs:
        assert_equal(step(compiled(model), x), step(model, x))
    # Plain below; lowest with one; another with one; plain above.
    assert len(graphs) == (4 if layers == [2, 3] else 2)


def test_stochastic_depth_has_one_code_for_all_rates() -> None:
    """Upstream's rates are NumPy's numbers, which a compiler takes for arrays."""
    options = {**DEEP['image'], 'drop_path_rate': 0.3}
    model, x = adapted('image', {'bottleneck': 8}, **options)
    with counted() as graphs:
        assert_equal(step(compiled(model), x), step(model, x))
    assert len(graphs) <= 3


@pytest.mark.parametrize(
    ('side', 'tier'),
    [('image', 'mlp'), ('video', 'mlp+qkv'), ('image', 'block'), ('video', 'block')],
)
def test_what_is_computed_again(side: str, tier: str) -> None:
    """A code for each rate of stochastic depth, where the rates stand in it."""
    adapter = {'bottleneck': 8, 'dropout': 0.3}
    model, x = adapted(side, adapter, drop_path_rate=0.3)
    again = compiled(model, tier)
    with counted():
        found, expected = step(again, x), step(model, x)
    assert_equal(found, expected)
    assert found.kept < expected.kept


@pytest.mark.parametrize('side', list(SIDES))
@pytest.mark.parametrize(
    'adapter',
    [
        {'mode': 'sequential', 'branch': 'both'},
        {'scale': 'learnable', 'norm': 'in', 'input': 'post_norm'},
        {'type': 'AdaptDWConv'},
    ],
)
def test_every_kind_of_adapter(side: str, adapter: dict[str, Any]) -> None:
    model, x = adapted(side, {'bottleneck': 8, **adapter})
    with counted():
        assert_equal(step(compiled(model), x), step(model, x))


def test_prompts() -> None:
    model, x = adapted('image', {'type': 'VPT', 'num_tokens': 2})
    with counted() as graphs:
        assert_equal(step(compiled(model), x), step(model, x))
    assert graphs


@pytest.mark.parametrize('trainable', ['all', ['patch_embed']])
def test_trained_trunks(trainable: Any) -> None:
    model, x = adapted('video', None, trainable)
    with counted() as graphs:
        assert_equal(step(compiled(model), x), step(model, x))
    assert len(graphs) == 1


def test_the_class_row() -> None:
    model, x = adapted('image', {'bottleneck': 8}, **DEEP['image'])
    assert set_class_row(model)
    with counted() as graphs:
        assert_equal(step(compiled(model), x), step(model, x))
    assert len(graphs) == 3


@pytest.mark.parametrize('side', list(SIDES))
@pytest.mark.parametrize('stored', [False, True])
def test_mixed_precision(side: str, stored: bool) -> None:
    model, x = adapted(side, {'bottleneck': 8})
    if stored:
        store_frozen(model)
    again = compiled(model)
    with counted() as graphs, torch.autocast('cpu', torch.bfloat16):
        assert_equal(step(again, x), step(model, x))
        assert len(graphs) == 2


def test_batches_of_other_sizes() -> None:
    """The second size leaves it open; one sample is a case of its own."""
    model, x = adapted('video', {'bottleneck': 8})
    again = compiled(model)
    model.eval()
    again.eval()
    with counted() as graphs, torch.no_grad():
        for size in (4, 3, 2, 5, 6):
            batch = x[:1].repeat(size, 1, 1, 1, 1)
            torch.testing.assert_close(feature(again(batch)), feature(model(batch)))
        assert len(graphs) <= 3


@pytest.mark.parametrize('trainable', [(), 'all'])
def test_blocks_are_not_cut_into_the_buckets_of_processes(
    trainable: Any, tmp_path: Path
) -> None:
    """However small they are: what is computed a second time can't be cut."""
    adapter = None if trainable else {'bottleneck': 8}
    model, x = adapted('image', adapter, trainable)
    store = f'file://{tmp_path / "store"}'
    distributed.init_process_group('gloo', init_method=store, rank=0, world_size=1)
    try:
        again = compiled(model, 'block')
        parallel = DistributedDataParallel(again, bucket_cap_mb=1e-3)
        with counted() as graphs:
            step(parallel, x)  # rebuilds the buckets
            found = step(parallel, x)
    finally:
        distributed.destroy_process_group()
    gradients = found.gradients
    found.gradients = {n.removeprefix('module.'): g for n, g in gradients.items()}
    assert_equal(found, step(model, x))
    assert len(graphs) == (1 if trainable else 2)


def test_hooks_of_a_block_run_once_outside() -> None:
    model, x = adapted('video', {'bottleneck': 8})
    again: Any = compiled(model)
    calls: list[nn.Module] = []
    with counted():
        again(x)
        again.blocks[1].register_forward_hook(lambda *args: calls.append(args[0]))
        again(x)
    assert calls == [again.blocks[1]]


def test_inside_another_graph_the_modules_run() -> None:
    model, x = adapted('video', {'bottleneck': 8})
    again = compiled(model)
    with counted() as graphs:
        whole = torch.compile(again, backend='counting', fullgraph=True)
        torch.testing.assert_close(feature(whole(x)), feature(model(x)))
        assert len(graphs) == 1
    again.eval()
    model.eval()
    expected = feature(model(x))
    exported = torch.export.export(again, (x,)).module()
    torch.testing.assert_close(feature(exported(x)), expected)
    with torch.no_grad():
        traced = torch.jit.trace(again, x, check_trace=False)
        torch.testing.assert_close(feature(traced(x)), expected)


def test_operations_are_counted_as_of_the_modules() -> None:
    model, x = adapted('video', {'bottleneck': 8})
    found = []
    for one in (model, compiled(model, options={'backend': 'aot_eager'})):
        with FlopCounterMode(display=False) as counter:
            feature(one(x)).sum().backward()
        found.append(counter.get_total_flops())
    assert found[0] == found[1] > 0


@pytest.mark.slow
def test_machine_code() -> None:
    model, x = adapted('video', {'bottleneck': 8})
    options = {'fullgraph': True, 'options': {'compile_threads': 1}}
    again = compiled(model, options=options)
    torch._dynamo.reset()
    assert_equal(step(again, x), step(model, x))


def test_no_name_of_the_weights_changes() -> None:
    model, _ = adapted('image', {'bottleneck': 8})
    assert (
        compiled(model, options=WHOLE).state_dict().keys() == model.state_dict().keys()
    )
