"""Hosts: blocks that end their residual branches with an adapter, or carry prompts.

A host is the smallest module whose ``forward`` sees both the residual input x' and
the MLP's output h. For each block class there is one subclass that overrides only
``forward``; :func:`promote` turns a block that exists into it: names and weights stay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..adapters import Adapter, Prompt
from ..compiling import BlockCode
from ..errors import ConfigError, class_name
from ..recompute import Halves, recomputable

__all__ = [
    'HOSTS',
    'PROMPT_HOSTS',
    'REFUSED',
    'AdapterHost',
    'PromptHost',
    'promote',
    'refuse_host',
    'register_host',
]

HOSTS: dict[type[nn.Module], type[nn.Module]] = {}
"""Block class -> host of an adapter, looked up by exact type: a subclass of a known
block may have another ``forward``."""

PROMPT_HOSTS: dict[type[nn.Module], type[nn.Module]] = {}
"""Block class -> host of prompts, for blocks that attend over all tokens alike."""

REFUSED: dict[type[nn.Module], str] = {}
"""Block class -> why it has no host, for blocks whose equations leave no room."""

Normed = Tensor | Callable[[Tensor], Tensor]


class AdapterHost(nn.Module):
    """Mixin of every host: ends the residual branches, with an adapter where one is.

    The adapters are children of the block, outside stochastic depth and layer scale,
    as in the official code: ``adapter`` beside the MLP, ``attn_adapter`` beside what
    stands in front of it, attention or another token mixer.

    Attributes:
        branches: Beside which branches an adapter can stand.
        inputs: What an adapter can read. ``'post_norm'`` has no meaning where the
            branch reads no normed stream of the same shape.
        channel_dim: Which dimension of the residual stream the channels are.
        branch_layout: Whether the stream is laid out in memory as the branches are,
            token by token, where upstream's stem leaves it a transposed view, which
            every norm copies. It may change how a mean of tokens is rounded.
        unfit: Which blocks of the class the host isn't for, as a sentence for the
            error, where :meth:`fits` is for somebody's mistake.
        recompute_tier: What the backward pass computes again, a block's own attribute.
        fused_mlp: Whether its second half is one function, a block's own likewise.
        block_code: Which compiled code it runs, a block's own; None: its modules.
        class_rows: First tokens that it computes alone, a block's own; 0: all tokens.
    """

    branches: ClassVar[tuple[str, ...]] = ('mlp', 'attn')
    inputs: ClassVar[tuple[str, ...]] = ('pre_norm', 'post_norm')
    channel_dim: ClassVar[int] = -1
    branch_layout: ClassVar[bool] = False
    unfit: ClassVar[str] = ''
    recompute_tier: str = 'none'
    fused_mlp: bool = False
    block_code: BlockCode | None = None
    class_rows: int = 0

    if TYPE_CHECKING:  # what upstream's block has; it carries no types

        def __getattr__(self, name: str) -> Any: ...

    def close_attn(self, x: Tensor, h: Tensor, normed: Normed) -> Tensor:
        """X + h + A(.): the residual stream x' behind the attention, ``(..., C)``.

        Args:
            x: The residual stream in front of the attention, ``(..., C)``.
            h: The attention branch's output, stochastic depth and layer scale
                included.
            normed: LN(x), what the attention read; or the norm layer, where upstream
                applies it out of sight.
        """
        if rows := self.class_rows:
            x = x[:, :rows]
            normed = normed[:, :rows] if isinstance(normed, Tensor) else normed
        return self.close(getattr(self, 'attn_adapter', None), x, h, normed)

    def close_mlp(
        self, x: Tensor, h: Tensor, normed: Normed, read: Tensor | None = None
    ) -> Tensor:
        """X' + h + A(.): the block's output, ``(..., C)``.

        Args:
            x: The residual stream x' in front of the MLP, ``(..., C)``.
            h: The MLP branch's output, stochastic depth and layer scale included.
            normed: LN(x'), what the MLP read; or the norm layer.
            read: X' itself, in blocks whose MLP is added to another stream.
        """
        return self.close(getattr(self, 'adapter', None), x, h, normed, read)

    def close(
        self,
        adapter: Adapter | None,
        x: Tensor,
        h: Tensor,
        normed: Normed,
        read: Tensor | None = None,
    ) -> Tensor:
        """X + h, plus the adapter's branch where there is one."""
        x_h = h + x if self.branch_layout else x + h  # laid out as the first term
        if adapter is None:
            return x_h
        read = x if read is None else read
        if adapter.mode == 'sequential':
            read = h
        elif adapter.input == 'post_norm':
            read = normed if isinstance(normed, Tensor) else normed(read)
        if self.channel_dim == -1:
            return x_h + adapter(read)
        branch = adapter(read.movedim(self.channel_dim, -1))
        return x_h + branch.movedim(-1, self.channel_dim)

    def recompute(self, branch: Callable[..., Tensor], *inputs: Any) -> Tensor:
        """Run a branch, and again in the backward pass where upstream says so.

        Upstream's ``with_cp`` is a re-entrant checkpoint: behind a frozen stem none of
        its inputs requires a gradient, and nothing inside it would get any.
        """
        if self.with_cp and self.training:
            return checkpoint(branch, *inputs, use_reentrant=False)
        return branch(*inputs)

    def halves(self) -> Halves | None:
        """The block as two halves, for the tiers between; None has none of these."""
        return None

    @classmethod
    def fits(cls, block: Any) -> bool:
        """Whether a block of the class is one: some classes serve other ends too."""
        return True

    @classmethod
    def branches_of(cls, block: Any) -> tuple[str, ...]:
        """Beside which branches of this block an adapter can stand."""
        return cls.branches

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the residual stream in front of the MLP, promoted or not."""
        raise ConfigError(
            f'The host of {class_name(type(block))} does not say how wide the block '
            'is: define `width(block)` in it.'
        )

    @classmethod
    def attn_width(cls, block: Any) -> int:
        """Width C of the residual stream in front of the attention."""
        return cls.width(block)


class PromptHost(nn.Module):
    """Mixin of every host of prompts: more tokens in front of the block, fewer behind.

    The block's own forward stays as it is.
    """

    prompt: Prompt
    recompute_tier: str = 'none'
    fused_mlp: bool = False
    block_code: BlockCode | None = None

    @recomputable
    def forward(self, x: Tensor) -> Tensor:
        """The block's output for tokens ``x`` of shape ``(B, N, C)``."""
        return self.prompt.cut(super().forward(self.prompt(x)))

    width = staticmethod(AdapterHost.width)


Host = TypeVar('Host', bound=type[nn.Module])


def register_host(block: type[nn.Module]) -> Callable[[Host], Host]:
    """Class decorator: the decorated class adapts blocks of exactly type ``block``.

    Args:
        block: The block class, as it stands in the model.

    Raises:
        ConfigError: The class isn't a subclass of both ``block`` and
            :class:`AdapterHost` or :class:`PromptHost`, adds an ``__init__``, or the
            block has such a host already.
    """

    def register(host: Host) -> Host:
        table = PROMPT_HOSTS if issubclass(host, PromptHost) else HOSTS
        mixed = issubclass(host, (AdapterHost, PromptHost))
        if not (mixed and issubclass(host, block)):
            raise ConfigError(
                f'{host.__name__} must be a subclass of AdapterHost or PromptHost, and '
                f'of {class_name(block)}, in this order.'
            )
        if '__init__' in vars(host):
            raise ConfigError(
                f'{host.__name__}.__init__ would never run: a host takes over a block '
                'that exists. Override forward only.'
            )
        if table.get(block, host) is not host:
            raise ConfigError(
                f'{class_name(block)} has a host already: {class_name(table[block])}.'
            )
        forward = vars(host).get('forward')
        # Layers of transformers are so already, inside upstream's own wrapper, which
        # checkpoints only where it is the outermost.
        if forward is not None and not hasattr(forward, 'recomputable'):
            setattr(host, 'forward', recomputable(forward))  # noqa: B010
        table[block] = host
        return host

    return register


def refuse_host(block: type[nn.Module], reason: str) -> None:
    """Say why blocks of exactly that type can't be adapted; the errors repeat it.

    Args:
        block: The block class.
        reason: One sentence, without the name of the class.
    """
    REFUSED[block] = reason


def promote(module: nn.Module, host: type[nn.Module]) -> None:
    """Turn an existing module into a subclass of its class, in place.

    The one place where a class is exchanged. It is exact where hooks, wrappers and
    copies are not: names, weights, ``init_weights``, deepcopy, pickle and gradients
    under activation checkpointing stay as upstream made them. It is safe because a
    host adds no state of its own and overrides one method.
    """
    module.__class__ = host  # type: ignore[assignment]
