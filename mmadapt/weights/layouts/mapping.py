"""From the neutral names of a file to the names of one model."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch import Tensor

from .source import Piece, Source, detect, read_source

__all__ = ['map_names', 'match_biases']

# A head has one of these names, by library and class; neutral name first.
_HEADS = {
    'head.bn': ('neck.bn', 'cls_head.bn'),
    'head.fc': ('head.fc', 'head.layers.head', 'cls_head.fc', 'cls_head.fc_cls'),
}
_WRAPPERS = ('module.', 'backbone.', 'model.')
# What MMPretrain's TIMMBackbone puts in front of the names of timm.
_TIMM = 'timm_model.'


def map_names(
    state: Mapping[str, Tensor], names: Collection[str], prefix: str
) -> tuple[str, dict[str, Piece], list[str]]:
    """Give the tensors of a file the names that they have in a model.

    Args:
        state: Tensors by name, as in the file.
        names: Names of all parameters and buffers of the model.
        prefix: Where the backbone is in it: ``'backbone.'``, or empty when the model
            is the backbone.

    Returns:
        Layout of the file, model name to tensor, and names of the file that have no
        place in the model.
    """
    inner = {n.removeprefix(prefix): n for n in names if n.startswith(prefix)}
    target, found = detect(dict.fromkeys(inner)), detect(state)
    if target is None or found is None or target[0] is found[0]:
        return _as_is(state, names, prefix)

    layout, _ = target
    source = read_source(state, *found)
    trunk = dict(source.trunk)
    wanted = {layout.neutral(name) for name in inner}
    match_biases(trunk, wanted)
    mapped: dict[str, Piece] = {}
    left: list[str] = []
    for neutral, piece in trunk.items():
        own = layout.own(neutral)
        if own in inner:
            mapped[inner[own]] = piece
        else:
            left.append(piece.origin)
    _map_outside(source, names, mapped, left)
    return source.layout, mapped, left


def _as_is(
    state: Mapping[str, Tensor], names: Collection[str], prefix: str
) -> tuple[str, dict[str, Piece], list[str]]:
    """Keep the names, but for what encloses the backbone in the file or the model."""
    mapped: dict[str, Piece] = {}
    left: list[str] = []
    for name, tensor in state.items():
        bare = name
        for wrapper in _WRAPPERS:
            bare = bare.removeprefix(wrapper)
        inside = (f'{prefix}{name}', f'{prefix}{bare}', f'{prefix}{_TIMM}{bare}')
        choices = (name, *inside, bare)
        own = next((choice for choice in choices if choice in names), None)
        if own is None:
            left.append(name)
        else:
            mapped[own] = Piece(tensor, name)
    return 'the names of the model', mapped, left


def match_biases(trunk: dict[str, Piece], wanted: Collection[str]) -> None:
    """Give the biases of q, k and v the form of the model.

    A k bias adds the same number to all scores of a query, and softmax drops it; so
    leaving it out, or filling in zeros, does not change the function.

    Args:
        trunk: Tensors by neutral name, changed in place.
        wanted: Neutral names that the model has.
    """
    for name in [name for name in trunk if name.endswith('.attn.qkv.bias')]:
        attn = name.removesuffix('.qkv.bias')
        if name in wanted or f'{attn}.q_bias' not in wanted:
            continue
        piece = trunk.pop(name)
        q, _, v = piece.tensor.chunk(3)
        trunk[f'{attn}.q_bias'] = Piece(q, f'{piece.origin} (q)')
        trunk[f'{attn}.v_bias'] = Piece(v, f'{piece.origin} (v)')
    for name in [name for name in trunk if name.endswith('.attn.q_bias')]:
        attn = name.removesuffix('.q_bias')
        if name in wanted or f'{attn}.v_bias' not in trunk:
            continue
        first, last = trunk.pop(name), trunk.pop(f'{attn}.v_bias')
        zeros = torch.zeros_like(first.tensor)
        trunk[f'{attn}.qkv.bias'] = Piece(
            torch.cat([first.tensor, zeros, last.tensor]),
            f'{first.origin} + 0 + {last.origin}',
        )


def _map_outside(
    source: Source, names: Collection[str], mapped: dict[str, Piece], left: list[str]
) -> None:
    """Place the head; what else is outside the trunk keeps its name, if it has one."""
    for neutral, piece in source.outside.items():
        own = neutral if neutral in names else None
        for start, choices in _HEADS.items():
            if neutral.startswith(f'{start}.'):
                ends = (choice + neutral[len(start) :] for choice in choices)
                own = next((end for end in ends if end in names), own)
        if own is None:
            left.append(piece.origin)
        else:
            mapped[own] = piece
