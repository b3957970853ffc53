"""Whether what stands in front of the boundary is a function of the sample alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..errors import ConfigError, DataError, class_name
from ..generators import generator_states, seed_generators
from .labels import lost, pack, unpack
from .source import Source

__all__ = ['check_dataset', 'check_steady', 'draws']


def check_dataset(source: Source) -> None:
    """Refuse a dataset whose samples can't be kept one by one.

    Raises:
        ConfigError: With its class, and what it lacks.
    """
    dataset = source.dataset
    kind = class_name(type(dataset))
    for name in ('__len__', 'get_data_info'):
        if not hasattr(dataset, name):
            raise ConfigError(
                f'{kind} has no {name}: what its samples are made of can not be told, '
                'so that no activations can be kept of them. Give a dataset of '
                'mmengine.dataset.BaseDataset, or train without the cache.'
            )
    item = source.item()
    if not isinstance(item, Mapping) or not {'inputs', 'data_samples'} <= set(item):
        raise ConfigError(
            f'{kind} gives {type(item).__name__} for a sample, and what is kept is one '
            'dict of inputs and data_samples each. Give a dataset that gives one, or '
            'train without the cache.'
        )
    check_labels(item['data_samples'], kind)


def check_labels(sample: Any, dataset: str) -> None:
    """Refuse a sample of which something would not come back from the disk.

    Raises:
        ConfigError: With the names of what would be lost.
    """
    if not isinstance(sample, BaseDataElement):
        raise ConfigError(
            f'{dataset} gives {class_name(type(sample))} in data_samples, and what is '
            'kept is one mmengine.structures.BaseDataElement each. Give a dataset that '
            'gives one, or train without the cache.'
        )
    try:
        again = unpack(json.loads(json.dumps(pack(sample))), type(sample))
    except DataError as error:
        raise ConfigError(f'{dataset}: {error}') from error
    names = lost(sample, again)
    if names:
        raise ConfigError(
            f'{dataset}: {", ".join(names)} of {class_name(type(sample))} would come '
            'back from the disk as something else. Take that out of the sample, or '
            'train without the cache.'
        )


def draws(source: Source) -> bool:
    """Whether the first sample's pipeline draws at random."""
    seed_generators(0)
    before = generator_states(source.device)
    source.dataset[0]
    return generator_states(source.device) != before


def check_steady(source: Source) -> Tensor:
    """The first activations, of a prefix that gives the same ones each time.

    That a generator moves proves that something draws, however seldom that changes an
    activation, and whatever class it is of. What draws from a generator of its own
    shows where two passes differ.

    Returns:
        Of the first sample, twice: ``(2, ...)``.

    Raises:
        ConfigError: The frozen part is random, reads the rest of the batch or changes
            its own statistics. The model is as it was.
    """
    item = source.item()
    batch = source.loader.collate_fn([item, item])
    buffers = [(buffer, buffer.clone()) for buffer in source.model.buffers()]
    try:
        check_norms(source, batch)
        before = generator_states(source.device)
        first = source.rows(batch, 2)
        if generator_states(source.device) != before:
            raise ConfigError(
                f'{told(source)}: {drawing(source, batch)} draws at random in front of '
                'what is kept (dropout, or stochastic depth), so that the activations '
                'change with every pass. Set its rate to 0 in the backbone '
                '(drop_path_rate=0.0, drop_rate=0.0, ...), or train without the cache.'
            )
        settled = {name: b.clone() for name, b in source.model.named_buffers()}
        second = source.rows(batch, 2)
        check_buffers(source, settled)
    except ConfigError:
        with torch.no_grad():
            for buffer, value in buffers:
                buffer.copy_(value)
        raise
    if not torch.equal(first, second):
        raise ConfigError(
            f'{told(source)}: the frozen blocks give another activation at each pass. '
            'Take what is random out of the backbone, or train without the cache.'
        )
    return first


def check_norms(source: Source, batch: Any) -> None:
    """Refuse a BatchNorm in front of the boundary that reads the batch.

    Raises:
        ConfigError: With its name.
    """
    names = {module: name for name, module in source.model.named_modules()}
    reading: list[nn.Module] = []

    def note(norm: Any, args: tuple[Any, ...]) -> None:
        if norm.training or norm.running_mean is None:
            reading.append(norm)

    norms = [module for module in names if isinstance(module, _BatchNorm)]
    hooks = [norm.register_forward_pre_hook(note) for norm in norms]
    try:
        if norms:
            source.rows(batch, 2)
    finally:
        for hook in hooks:
            hook.remove()
    if reading:
        raise ConfigError(
            f'{told(source)}: {names[reading[0]]} ({class_name(type(reading[0]))}) in '
            'front of what is kept normalises by the batch and learns its statistics, '
            'so that the activations of a sample change. Set norm_eval=True in the '
            'backbone, or train without the cache.'
        )


def check_buffers(source: Source, settled: Mapping[str, Tensor]) -> None:
    """Refuse statistics that a pass has moved.

    Raises:
        ConfigError: With the first one's name.
    """
    for name, buffer in source.model.named_buffers():
        before = settled.get(name)
        if before is not None and not torch.equal(before, buffer):
            raise ConfigError(
                f'{told(source)}: each pass changes {name}, in front of what is kept, '
                'so that the activations of a sample change. Set norm_eval=True in the '
                'backbone where it belongs to a norm, or train without the cache.'
            )


def told(source: Source) -> str:
    """The backbone and the place, for an error."""
    return f'{type(source.boundary.backbone).__name__}, kept {source.boundary}'


def drawing(source: Source, batch: Any) -> str:
    """The innermost module that draws first, by name and class."""
    found: list[tuple[str, nn.Module]] = []
    with watching(source, found):
        source.rows(batch, 2)
    if not found:
        return 'the backbone itself'
    name, module = found[0]
    return f'{name} ({class_name(type(module))})'


@contextmanager
def watching(source: Source, found: list[tuple[str, nn.Module]]) -> Iterator[None]:
    """Note each module that draws while none of its children does."""
    names = {module: name for name, module in source.model.named_modules()}
    begun: list[tuple[Any, int]] = []

    def enter(module: nn.Module, args: tuple[Any, ...]) -> None:
        begun.append((generator_states(source.device), len(found)))

    def leave(module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        before, count = begun.pop()
        if len(found) == count and generator_states(source.device) != before:
            found.append((names[module], module))

    hooks = [module.register_forward_pre_hook(enter) for module in names]
    hooks += [module.register_forward_hook(leave) for module in names]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
