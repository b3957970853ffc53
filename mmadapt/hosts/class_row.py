"""The last block of a trunk whose class token alone is read.

Its query is the one of that token; keys and values are those of all. That token's row
is the one of the whole block, to rounding. With dropout inside, other random numbers
are drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from torch import Tensor, nn

from ..adapters import Adapter, check_choice
from ..errors import ConfigError, class_name
from ..linear import OneDNNLinear, linear
from .base import HOSTS, AdapterHost, promote

__all__ = [
    'ROW_ATTENTIONS',
    'ROW_TRUNKS',
    'Read',
    'all_rows',
    'first_qkv',
    'is_heard',
    'register_row_attention',
    'register_row_trunk',
    'set_class_row',
    'what_is_read',
]


@dataclass(frozen=True)
class Read:
    """What is read behind the last block of a trunk.

    Attributes:
        block: The last block.
        attention: Its attention.
        rows: How many tokens, the first ones.
    """

    block: Any
    attention: nn.Module
    rows: int


Reader = Callable[[Any], Read | str]

ROW_ATTENTIONS: dict[type[nn.Module], type[nn.Module]] = {}
"""Attention -> the same for its first ``rows`` tokens, looked up by exact type."""

ROW_TRUNKS: dict[type[nn.Module], tuple[Reader, tuple[str, ...]]] = {}
"""Trunk class -> what tells what is read, and the methods by which it reads that."""

AnyAttention = TypeVar('AnyAttention', bound=type[nn.Module])


def register_row_attention(
    attention: type[nn.Module],
) -> Callable[[AnyAttention], AnyAttention]:
    """Class decorator: it computes the first ``self.rows`` tokens of that attention.

    Args:
        attention: The attention's class; the decorated one overrides ``forward`` only.
    """

    def register(of_rows: AnyAttention) -> AnyAttention:
        ROW_ATTENTIONS[attention] = of_rows
        return of_rows

    return register


def register_row_trunk(
    trunk: type[nn.Module], *methods: str
) -> Callable[[Reader], Reader]:
    """Function decorator: it says what is read of trunks of that class.

    Args:
        trunk: Its class, or that of trunks which inherit the methods.
        methods: Names of the methods that the answer depends on.
    """

    def register(reader: Reader) -> Reader:
        ROW_TRUNKS[trunk] = reader, methods
        return reader

    return register


def set_class_row(trunk: nn.Module, class_row: bool | None = None) -> bool:
    """Compute the class token's row alone in the last block, in place, where exact.

    That is where the class token is all that is read of it (with DeiT's distillation
    token, where there is one), and nothing in the block mixes tokens but its attention.

    Args:
        trunk: Adapted or not.
        class_row: None where it is exact, True everywhere, False nowhere.

    Returns:
        Whether it is done.

    Raises:
        ConfigError: True, and it wouldn't be exact; nothing is changed then.
    """
    check_choice('class_row', class_row, (None, True, False))
    if class_row is not None and not class_row:
        return False
    read = what_is_read(trunk)
    if isinstance(read, str):
        if class_row:
            raise ConfigError(
                f'class_row=True: {class_name(type(trunk))} needs all rows of its last '
                f'block: {read}. Leave it out.'
            )
        return False
    block, attention = read.block, read.attention
    promote(block, HOSTS.get(type(block), type(block)))
    promote(attention, ROW_ATTENTIONS.get(type(attention), type(attention)))
    attention.rows = read.rows  # type: ignore[assignment]
    block.class_rows = read.rows
    # Of one row little is kept; the tiers between take the block by halves.
    if block.recompute_tier != 'block':
        block.recompute_tier = 'none'
    block.fused_mlp = False
    return True


@contextmanager
def all_rows(model: nn.Module) -> Iterator[None]:
    """Last blocks as they were before :func:`set_class_row`; afterwards it is redone.

    Args:
        model: Without adapters, and with trunks whose last blocks may compute few rows.
    """
    reads = {trunk: what_is_read(trunk) for trunk in model.modules()}
    found = {
        trunk: read
        for trunk, read in reads.items()
        if not isinstance(read, str) and vars(read.block).get('class_rows')
    }
    attentions = {of_rows: kind for kind, of_rows in ROW_ATTENTIONS.items()}
    blocks = {host: kind for kind, host in HOSTS.items()}
    for read in found.values():
        promote(read.attention, attentions[type(read.attention)])
        promote(read.block, blocks[type(read.block)])
        del read.block.class_rows
    try:
        yield
    finally:
        for trunk in found:
            set_class_row(trunk)


def what_is_read(trunk: nn.Module) -> Read | str:
    """The rows to compute of the last block of a trunk, or why they are all."""
    for kind, (reader, methods) in ROW_TRUNKS.items():
        inherits = all(
            getattr(type(trunk), name) is getattr(kind, name) for name in methods
        )
        if isinstance(trunk, kind) and inherits:
            read = reader(trunk)
            return read if isinstance(read, str) else (hindrance(read) or read)
    return 'it is not among the trunks that hand on a class token alone'


def hindrance(read: Read) -> str:
    """Why the block of a trunk can't be computed by rows; empty where it can."""
    block = read.block
    name = class_name(type(block))
    if not isinstance(block, AdapterHost) and type(block) not in HOSTS:
        return f'{name} has prompts, or is not known'
    kind = type(read.attention)
    if kind not in ROW_ATTENTIONS and kind not in ROW_ATTENTIONS.values():
        return f'{class_name(type(read.attention))} is not known by rows'
    if any(isinstance(m, Adapter) and m.needs_grid for m in block.modules()):
        return 'an adapter in it convolves over all tokens'
    return ''


def first_qkv(
    x: Tensor, qkv: nn.Module, rows: int, heads: int, bias: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """The queries of the first tokens, keys and values of all.

    Args:
        x: Normed tokens ``(B, N, C)``.
        qkv: The layer for all three, ``C`` to ``3 * D``. One that is no plain linear
            layer, or that somebody listens to, is called with all tokens.
        rows: Tokens whose output is read.
        heads: How many.
        bias: In the place of the layer's own.

    Returns:
        ``(B, heads, rows, D / heads)``, and twice ``(B, heads, N, D / heads)``.
    """
    batch, count, _ = x.shape
    if bias is None and not is_plain(qkv):
        whole = qkv(x)
        width = whole.shape[-1] // 3
        q, pair = whole[:, :rows, :width], whole[..., width:]
    else:
        layer = cast(nn.Linear, qkv)
        weight = layer.weight
        width = len(weight) // 3
        bias = layer.bias if bias is None else bias
        first, rest = (None, None) if bias is None else bias.split([width, 2 * width])
        q = linear(layer, x[:, :rows], weight[:width], first)
        pair = linear(layer, x, weight[width:], rest)
    k, v = pair.reshape(batch, count, 2, heads, -1).permute(2, 0, 3, 1, 4)
    return q.reshape(batch, rows, heads, -1).transpose(1, 2), k, v


def is_plain(layer: nn.Module) -> bool:
    """Whether a layer does nothing but ``x @ weight.T + bias``, unobserved."""
    return type(layer) in (nn.Linear, OneDNNLinear) and not is_heard(layer)


def is_heard(module: nn.Module) -> bool:
    """Whether somebody listens to a module, by a hook."""
    hooks = ('_forward_hooks', '_forward_pre_hooks', '_backward_hooks')
    return any(getattr(module, name) for name in (*hooks, '_backward_pre_hooks'))
