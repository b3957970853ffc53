"""Times of a step in turns, and the memory that it takes."""

from __future__ import annotations

import multiprocessing
import re
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from costs.memory import saved
from torch import nn

from mmadapt.linear import product

from .shape import Shape
from .variants import OFFICIAL, VARIANTS, Model, build, make_input

Run = Callable[[torch.Tensor], torch.Tensor]

GEMM = (788, 768, 3072)
"""Tokens, width and hidden width of the product whose rate is the limit's."""


def timed(work: Callable[[], object], device: str) -> float:
    """Seconds: of the device's own clock, or of CPU time."""
    if device == 'cpu':
        start = time.process_time()
        work()
        return time.process_time() - start
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize(device)
    begin.record()
    work()
    end.record()
    torch.cuda.synchronize(device)
    return begin.elapsed_time(end) / 1000


def product_rate(device: str, kind: torch.dtype) -> float:
    """Operations a second of a matrix product, by the quicker library of a CPU."""
    tokens, width, hidden = GEMM
    left = torch.randn(tokens, width, device=device, dtype=kind)
    right = torch.randn(width, hidden, device=device, dtype=kind)
    # A GPU is through with one before the next can be told to it.
    count = 1 if device == 'cpu' else 100
    weight = right.t().contiguous()

    def run(multiply: Callable[..., torch.Tensor]) -> None:
        for _ in range(count):
            multiply(left, weight)

    times = [
        timed(partial(run, multiply), device)
        for multiply in (F.linear, product)
        for _ in range(10)
    ]
    return 2 * tokens * width * hidden * count / min(times)


def step(run: Run, model: nn.Module, x: torch.Tensor, bf16: bool) -> None:
    """Forward and backward pass; the optimizer, under 1 % of it, is left out.

    Args:
        run: The model, or what a compiler made of it.
        model: Whose gradients are thrown away.
        x: What it reads.
        bf16: Whether under autocast to bfloat16.
    """
    with torch.autocast(x.device.type, torch.bfloat16, enabled=bf16):
        loss = run(x)
    loss.backward()
    model.zero_grad(set_to_none=True)


def warm_up(name: str, work: Callable[[], object]) -> None:
    """Print the seconds of a first step on the clock: compilers are other processes."""
    start = time.perf_counter()
    work()
    took = time.perf_counter() - start
    print(f'warm-up of {name}: {took:.1f} s', file=sys.stderr, flush=True)


def in_turns(
    names: list[str], shape: Shape, device: str, rounds: int
) -> tuple[dict[str, list[float]], dict[str, list[float]], dict[str, int]]:
    """Run every variant once a round, from one further on than in the last.

    Args:
        names: Of the variants.
        shape: What they read.
        device: Where.
        rounds: How many, behind a step of each that isn't counted, in which the
            process asks for its memory; what a compiler takes for its first step is
            printed.

    Returns:
        Seconds by variant and round, operations a second of a product by precision
        and round, and bytes kept for the backward pass by variant.
    """
    torch.manual_seed(0)
    x = make_input(shape, device)
    models: dict[str, Model] = {}
    runs: dict[str, Run] = {}
    kept: dict[str, int] = {}
    for name in names:
        variant = VARIANTS[name]
        others = [models[n].backbone for n in models if n != OFFICIAL]
        model = build(name, shape, others[0] if others else None).to(device)
        run = torch.compile(model) if variant.whole else model
        if variant.compiled:
            warm_up(name, partial(step, run, model, x, variant.bf16))
        kept[name] = bytes_kept(run, model, x, variant.bf16)
        if rounds:
            models[name], runs[name] = model, run
        del model, run
    seconds: dict[str, list[float]] = {name: [] for name in names}
    kinds = {'bfloat16' if VARIANTS[name].bf16 else 'float32' for name in names}
    rates: dict[str, list[float]] = {kind: [] for kind in sorted(kinds)}
    work = {
        name: partial(step, runs[name], models[name], x, VARIANTS[name].bf16)
        for name in runs
    }
    for run_once in work.values():
        run_once()
    for number in range(rounds):
        for kind, measured in rates.items():
            measured.append(product_rate(device, getattr(torch, kind)))
        first = number % len(names)  # a drift of the machine's speed favours none
        for name in names[first:] + names[:first]:
            seconds[name].append(timed(work[name], device))
        took = ', '.join(f'{name} {seconds[name][-1]:.2f}' for name in names)
        print(f'round {number}, seconds: {took}', file=sys.stderr, flush=True)
    return seconds, rates, kept


def bytes_kept(run: Run, model: nn.Module, x: torch.Tensor, bf16: bool) -> int:
    """Bytes that a forward pass keeps, parameters left out; it warms up too."""
    with (
        saved(model) as kept,
        torch.autocast(x.device.type, torch.bfloat16, enabled=bf16),
    ):
        loss = run(x)
    del loss
    return sum(kept.values())


def peaks(names: list[str], shape: Shape, device: str) -> dict[str, int]:
    """Bytes that a step adds to the process, or to the device, at its peak.

    Each variant runs in a process of its own, which has run nothing before.
    """
    start = 'fork' if device == 'cpu' else 'spawn'
    found = {}
    for name in names:
        with multiprocessing.get_context(start).Pool(1) as pool:
            found[name] = pool.apply(peak, (name, shape, device))
        print(f'peak of {name}', file=sys.stderr, flush=True)
    return found


def peak(name: str, shape: Shape, device: str) -> int:
    """See :func:`peaks`."""
    model, x = build(name, shape).to(device), make_input(shape, device)
    if device != 'cpu':
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        step(model, model, x, VARIANTS[name].bf16)
        return torch.cuda.max_memory_allocated(device) - before
    before = resident('VmRSS')
    Path('/proc/self/clear_refs').write_text('5')  # the peak is what it is now
    step(model, model, x, VARIANTS[name].bf16)
    return resident('VmHWM') - before


def resident(field: str) -> int:
    """Bytes of the process in memory, as Linux tells them."""
    status = Path('/proc/self/status').read_text()
    found = re.search(rf'{field}:\s+(\d+) kB', status)
    return int(found[1]) * 1024 if found else 0
