"""Which of a trunk's blocks ``layers`` means: by index, by stage, by a rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from .errors import ConfigError, did_you_mean

__all__ = ['find_stages', 'select_layers']

RULES = ('stages', 'first', 'last', 'every')


def find_stages(widths: Sequence[int]) -> list[int]:
    """The stage of each block: a run of neighbouring blocks of one width.

    Args:
        widths: Width C of every adaptable block, in forward order.

    Returns:
        The stage's index, from 0, for each of them. A plain ViT is one stage.
    """
    stages = [0] * bool(widths)
    for before, width in pairwise(widths):
        stages.append(stages[-1] + (width != before))
    return stages


def select_layers(layers: object, stages: Sequence[int], model: str) -> list[int]:
    """Indices of the blocks that ``layers`` means, in forward order.

    Args:
        layers: ``'all'``; a sequence of indices, negative ones from the end; or a
            rule, ``dict(stages=[2, -1], first=n, last=n, every=k)``, whose parts are
            applied in this order to what the one before left (``every`` keeps the
            first block of each k).
        stages: The stage of every adaptable block, see :func:`find_stages`.
        model: The model's name, for the error.

    Raises:
        ConfigError: Not of that form, out of range, empty or with a repetition.
    """
    everything = list(range(len(stages)))
    if layers == 'all':
        return everything
    if isinstance(layers, Mapping):
        return apply_rule(layers, stages, model)
    return pick(layers, everything, 'layers', f'{model} has', 'adaptable blocks')


def apply_rule(rule: Mapping[str, Any], stages: Sequence[int], model: str) -> list[int]:
    """Indices of the blocks that a rule leaves.

    Raises:
        ConfigError: An unknown part, a stage out of range, a count that is none.
    """
    # MMEngine leaves _delete_ standing where the base had nothing to delete.
    rule = {part: value for part, value in rule.items() if part != '_delete_'}
    for part in rule:
        if part not in RULES:
            raise ConfigError(
                f'layers={rule!r} has an unknown part {part!r}; allowed: '
                f'{", ".join(RULES)}.{did_you_mean(part, RULES)}'
            )
    if not rule:
        raise ConfigError(
            f"layers={{}} names no block: 'all', a list of indices, or a rule of "
            f'{", ".join(RULES)}. For no adapter at all use adapter=None.'
        )
    chosen = list(range(len(stages)))
    if 'stages' in rule:
        known = sorted(set(stages))
        wanted = pick(rule['stages'], known, 'stages', f'{model} has', 'stages')
        chosen = [index for index in chosen if stages[index] in wanted]
    for part in ('first', 'last', 'every'):
        if part not in rule:
            continue
        count = rule[part]
        whole = isinstance(count, int) and not isinstance(count, bool)
        if not whole or not 1 <= count <= len(chosen):
            raise ConfigError(
                f'layers={rule!r}: {part}={count!r} is to be a whole number from '
                f'1 to {len(chosen)}, the blocks of {model} there are to choose from.'
            )
        kept = {
            'first': chosen[:count],
            'last': chosen[-count:],
            'every': chosen[::count],
        }
        chosen = kept[part]
    return chosen


def pick(
    wanted: object, known: Sequence[int], option: str, owner: str, things: str
) -> list[int]:
    """The indices of ``wanted``, negative ones counted from the end, in order.

    Raises:
        ConfigError: Not a list of whole numbers, out of range, empty, repeated.
    """
    count = len(known)
    span = f'0-{count - 1}' if count > 1 else 'only 0'
    whole = (
        isinstance(wanted, Sequence)
        and not isinstance(wanted, str)
        and all(isinstance(i, int) and not isinstance(i, bool) for i in wanted)
    )
    if not whole or not wanted:
        listed = f'a list of indices of {things} ({span}), negative ones from the end'
        if option == 'stages':
            raise ConfigError(f'stages={wanted!r}: {listed}.')
        raise ConfigError(
            f"layers={wanted!r}: 'all', {listed}, or a rule such as dict(stages=[-1]) "
            'or dict(last=4). For no adapter at all use adapter=None.'
        )
    outside = [i for i in wanted if not -count <= i < count]  # type: ignore[attr-defined]
    if outside:
        raise ConfigError(
            f'{option} {outside} is out of range: {owner} {count} {things} ({span}).'
        )
    chosen = [i % count for i in wanted]  # type: ignore[attr-defined]
    if len(set(chosen)) != len(chosen):
        raise ConfigError(f'{option}={wanted!r} names one of the {things} twice.')
    return sorted(chosen)
