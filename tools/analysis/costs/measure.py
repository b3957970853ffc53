"""One method's costs, in a process of its own."""

from __future__ import annotations

import io
import math
import resource
import statistics
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

import mmadapt
from mmadapt.linear import product
from mmadapt.precision import stored
from mmadapt.weights import task_state

from .flops import Flops, count
from .memory import saved_bytes
from .models import Batch, Shape, build, config_of, loss_of, make_batch, shape_of

PRODUCT, ENOUGH = (1568, 768, 3072), 2.0
"""Tokens, width and hidden width of the product whose rate the least time is told by,
and seconds of it: a CPU without units for bfloat16 takes many for one."""


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes:
        config: Its file.
        options: Of ``--cfg-options``.
        num_classes: Where neither the config nor data tell.
        batch: Samples of an iteration.
        size: Height and width, None is the backbone's.
        frames: Of a clip, None is the backbone's.
        iterations: To be timed.
        device: Where.
        amp: Whether in bfloat16 where autocast allows.
        threads: Of the CPU.
    """

    config: Path
    options: Mapping[str, Any] | None
    num_classes: int | None
    batch: int
    size: int | None
    frames: int | None
    iterations: int
    device: str
    amp: bool
    threads: int


@dataclass(frozen=True)
class Cost:
    """Of one method.

    Attributes:
        method: Its name.
        shape: Of a sample.
        total: Parameters.
        trainable: Those that train, head included.
        weights: Bytes of parameters and buffers.
        task_bytes: Size of its weights' task file.
        flops: Of one batch.
        saved: Bytes kept for the backward pass.
        saved_floor: The fewest without recomputation.
        seconds: Of an iteration, median.
        seconds_floor: The fewest operations at the speed of a matrix product.
        peak: Bytes of the device, or of the process on a CPU.
        bfloat16: Whether its backbone computes in it, by ``amp`` or by itself.
    """

    method: str
    shape: Shape
    total: int
    trainable: int
    weights: int
    task_bytes: int
    flops: Flops
    saved: int
    saved_floor: int
    seconds: float
    seconds_floor: float
    peak: int
    bfloat16: bool


def measure(request: Request, method: str) -> Cost:
    """Build the model of a method, count a step, and run some.

    Args:
        request: What is asked for.
        method: A method's name.

    Raises:
        ConfigError: See :func:`.models.config_of`.
    """
    torch.set_num_threads(request.threads)
    cfg = config_of(request.config, method, request.options, request.num_classes)
    model = build(cfg).to(request.device)
    found = shape_of(cfg, model)
    frames = (request.frames or found.frames) if found.frames else 0
    shape = Shape(request.size or found.size, frames)
    batch = make_batch(model, shape, request.batch)
    # Frozen weights in bfloat16 bring an autocast of their backbone's own.
    bfloat16 = request.amp or bool(stored(model))
    kind = torch.bfloat16 if bfloat16 else torch.float32
    rate = product_rate(request.device, kind)
    with precision(request):
        seconds = time_steps(model, batch, request)
        peak = peak_bytes(request.device)
        flops = count(model, batch)
        kept, least = saved_bytes(model, batch)
    report = mmadapt.parameter_report(model)
    rate = max(rate, product_rate(request.device, kind))  # a neighbour slows one down
    return Cost(
        method=method,
        shape=shape,
        total=report.total,
        trainable=report.trainable,
        weights=sum(t.nbytes for t in (*model.parameters(), *model.buffers())),
        task_bytes=task_bytes(model),
        flops=flops,
        saved=kept,
        saved_floor=least,
        seconds=seconds,
        seconds_floor=flops.floor / rate,
        peak=peak,
        bfloat16=bfloat16,
    )


def precision(request: Request) -> AbstractContextManager[Any]:
    """The autocast that the step runs under; backbones may have one of their own."""
    return torch.autocast(
        torch.device(request.device).type, torch.bfloat16, enabled=request.amp
    )


def synchronize(device: str) -> None:
    """Wait for the device."""
    if torch.device(device).type == 'cuda':
        torch.cuda.synchronize(device)


def time_steps(model: nn.Module, batch: Batch, request: Request) -> float:
    """Seconds of an iteration: forward, backward, SGD; the median after a first one."""
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=1e-4, momentum=0.9)
    times = []
    for _ in range(request.iterations + 1):
        synchronize(request.device)
        start = time.perf_counter()
        loss_of(model, batch).backward()
        optimizer.step()
        optimizer.zero_grad()
        synchronize(request.device)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def peak_bytes(device: str) -> int:
    """Most memory that the steps took."""
    if torch.device(device).type == 'cuda':
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def product_rate(device: str, kind: torch.dtype) -> float:
    """Operations a second of a matrix product as large as those of an MLP.

    On a CPU of the quicker library.
    """
    tokens, width, hidden = PRODUCT
    left = torch.randn(tokens, width, device=device, dtype=kind)
    weight = torch.randn(hidden, width, device=device, dtype=kind)
    # A GPU is through with one before the next can be told to it.
    count = 1 if device == 'cpu' else 100
    best = math.inf
    for multiply in (F.linear, product):
        times: list[float] = []
        while len(times) < 3 or (len(times) < 10 and sum(times) < ENOUGH):
            synchronize(device)
            start = time.perf_counter()
            for _ in range(count):
                multiply(left, weight)
            synchronize(device)
            times.append((time.perf_counter() - start) / count)
        best = min(best, *times)
    return 2 * tokens * width * hidden / best


def task_bytes(model: nn.Module) -> int:
    """Size of the file of what trains."""
    buffer = io.BytesIO()
    torch.save(task_state(model, model.state_dict()), buffer)
    return buffer.tell()
