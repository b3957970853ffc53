"""How two task stamps differ, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ['describe']

SHOWN = 5  # names of one kind in a message; a wrong trunk differs in hundreds


def describe(file: Mapping[str, Any], model: Mapping[str, Any]) -> list[str]:
    """One line for each difference; none where file and model belong together.

    Args:
        file: The content of the file's stamp.
        model: The content of the model's stamp.
    """
    rows = []
    if file['trainable'] != model['trainable']:
        rows.append(
            f'trainable: the file has {file["trainable"]!r}, the model '
            f'{model["trainable"]!r}'
        )
    rows += adapter_rows(canonical(file['adapter']), canonical(model['adapter']))
    if file['fingerprint'] != model['fingerprint']:
        rows += trunk_rows(file, model)
    rows += option_rows(file['options'], model['options'])
    if not rows:
        rows += shape_rows(file['trained'], model['trained'])
    return rows


def canonical(adapters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Adapter configs written in one way, where several place the same.

    A list of equal bottlenecks is that bottleneck, both branches are two adapters, and
    adapters of distinct places have no order.

    Args:
        adapters: As the stamp has them.
    """
    written = []
    for options in adapters:
        bottleneck = options.get('bottleneck')
        if isinstance(bottleneck, list) and bottleneck:
            first, *rest = bottleneck
            if all(other == first for other in rest):
                options = {**options, 'bottleneck': first}
        if options.get('branch') == 'both':
            mlp = {name: options[name] for name in options if name != 'branch'}
            written += [mlp, {**options, 'branch': 'attn'}]
        else:
            written.append(options)
    return sorted(written, key=lambda options: json.dumps(options, sort_keys=True))


def adapter_rows(file: list[dict[str, Any]], model: list[dict[str, Any]]) -> list[str]:
    """Differences of the adapter configs, option by option."""
    if len(file) != len(model):
        return [
            f'adapter: the file has {len(file)} method(s) {names(file)}, the model '
            f'{len(model)} {names(model)}'
        ]
    rows = []
    for ours, theirs in zip(file, model):
        for option in sorted({*ours, *theirs}):
            if ours.get(option) != theirs.get(option):
                rows.append(
                    f'adapter {option}: the file has {ours.get(option)!r}, the model '
                    f'{theirs.get(option)!r}'
                )
    return rows


def names(methods: list[dict[str, Any]]) -> str:
    """The types of the methods in a config."""
    return f'({", ".join(str(method["type"]) for method in methods) or "none"})'


def trunk_rows(file: Mapping[str, Any], model: Mapping[str, Any]) -> list[str]:
    """The fingerprints, and the tensors that differ by their short hashes."""
    prints = [str(side['fingerprint'])[:8] or 'none' for side in (file, model)]
    tensors, own = file['tensors'], model['tensors']
    differing = [n for n in sorted({*tensors, *own}) if tensors.get(n) != own.get(n)]
    count = len({*tensors, *own})
    return [
        f'trunk: the file was trained on {prints[0]}, the model has {prints[1]}; '
        f'{len(differing)} of {count} tensors differ: {shortened(differing)}'
    ]


def option_rows(
    file: Mapping[str, list[Any]], model: Mapping[str, list[Any]]
) -> list[str]:
    """Options of the trunk that both sides tell, and differ in."""
    return [
        f'trunk {name}: the file was trained with {file[name]}, the model has '
        f'{model[name]}'
        for name in sorted(file.keys() & model.keys())
        if file[name] != model[name]
    ]


def shape_rows(
    file: Mapping[str, list[int]], model: Mapping[str, list[int]]
) -> list[str]:
    """Trained tensors that one side lacks, or has in another shape."""
    rows = []
    if lacking := sorted(model.keys() - file.keys()):
        rows.append(f'trained weights the file lacks: {shortened(lacking)}')
    if extra := sorted(file.keys() - model.keys()):
        rows.append(f'trained weights the model lacks: {shortened(extra)}')
    for name in sorted(file.keys() & model.keys()):
        if file[name] != model[name]:
            rows.append(
                f'{name}: the file has {tuple(file[name])}, the model '
                f'{tuple(model[name])}'
            )
    return rows


def shortened(found: list[str]) -> str:
    """The first few names, and how many more."""
    more = len(found) - SHOWN
    return ', '.join(found[:SHOWN]) + (f' and {more} more' if more > 0 else '')
