"""The costs as a table."""

from __future__ import annotations

from collections.abc import Sequence

from mmadapt.report import in_millions

from .measure import Cost, Request
from .models import OWN

HEAD = (
    'method',
    'parameters',
    'trainable',
    'share',
    'weights MB',
    'task file',
    'forward GFLOP',
    'step GFLOP',
    'at least',
    'kept MB',
    'at least',
    's/iteration',
    'at least',
    'peak MB',
)


def markdown(costs: Sequence[Cost], request: Request) -> str:
    """The table and what it was measured with.

    Args:
        costs: A row each.
        request: What was asked for.
    """
    rows = [HEAD, ('---',) * len(HEAD), *(cells(cost, request) for cost in costs)]
    lines = [f'| {" | ".join(row)} |' for row in rows]
    return '\n'.join([*lines, '', setting(costs, request)])


def cells(cost: Cost, request: Request) -> tuple[str, ...]:
    """One row: operations are of one sample, all else of the batch."""
    flops = cost.flops
    return (
        "the config's own" if cost.method == OWN else cost.method,
        in_millions(cost.total),
        in_millions(cost.trainable),
        f'{100 * cost.trainable / cost.total:.2f} %',
        f'{cost.weights / 1e6:.0f}',
        f'{cost.task_bytes / 1e6:.2f} MB',
        *(
            f'{number / request.batch / 1e9:.1f}'
            for number in (flops.forward, flops.step, flops.floor)
        ),
        f'{cost.saved / 1e6:.0f}',
        f'{cost.saved_floor / 1e6:.0f}',
        f'{cost.seconds:.3g}',
        f'{cost.seconds_floor:.3g}',
        f'{cost.peak / 1e6:.0f}',
    )


def number_type(costs: Sequence[Cost], request: Request) -> str:
    """What the methods compute in: two may differ, for full freezes nothing."""
    if request.amp:
        return 'bfloat16 where autocast allows'
    own = [cost.method for cost in costs if cost.bfloat16]
    if not own:
        return 'float32'
    return f'float32, but bfloat16 in the backbone of {", ".join(own)} (frozen_dtype)'


def setting(costs: Sequence[Cost], request: Request) -> str:
    """One paragraph: what the numbers are of."""
    shape, kind = costs[0].shape, number_type(costs, request)
    frames = f'{shape.frames} frames of ' if shape.frames else ''
    threads = '' if request.device != 'cpu' else f', {request.threads} threads'
    return (
        f'{request.batch} samples an iteration, {frames}{shape.size} x {shape.size} '
        f'pixels, {kind}, on {request.device}{threads}. GFLOP: '
        'a sample. Kept: for the backward pass, of a batch. At '
        'least: the fewest operations that give these gradients; the tensors that '
        'they need without computing any twice; those operations at the speed of a '
        'matrix product on this device. Peak: '
        + (
            'memory of the process, Python and libraries included.'
            if request.device == 'cpu'
            else 'memory allocated on the device.'
        )
    )
