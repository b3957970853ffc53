"""What the blocks of an adapted backbone compute a second time."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from ..adapters import check_choice
from ..errors import ConfigError, class_name
from ..hosts import HOSTS, AdapterHost, PromptHost, promote
from ..placement import find_hosts
from ..recompute import TIERS
from ..recompute.fused import unfit
from .trunk import follows_nothing

__all__ = ['set_recompute']


def set_recompute(
    backbone: nn.Module, recompute: str = 'none', fused_mlp: bool = False
) -> nn.Module:
    """Say what the blocks compute a second time, in place.

    Args:
        backbone: Adapted and frozen.
        recompute: One of :data:`mmadapt.recompute.TIERS`. The gradients stay what they
            are.
        fused_mlp: Run the second half of each block, adapter included, as one
            function, :mod:`mmadapt.recompute.fused`. Under autocast, and in a
            compiled graph, the blocks' own modules run.

    Returns:
        The same backbone.

    Raises:
        ConfigError: A tier that the blocks don't have, blocks that the one function
            isn't for, BatchNorm whose statistics move, no blocks. Nothing is changed
            then.
    """
    check_choice('recompute', recompute, TIERS)
    check_choice('fused_mlp', fused_mlp, (False, True))
    if recompute == 'none' and not fused_mlp:
        return backbone
    blocks = blocks_of(backbone)
    if not blocks:
        raise ConfigError(
            f'recompute={recompute!r}, fused_mlp={fused_mlp}: '
            f'{type(backbone).__name__} has no block that takes adapters, the ones '
            'that they are for.'
        )
    for name, block, host in blocks:
        if recompute != 'block' or fused_mlp:
            check_halves(name, block, host, recompute)
        check_statistics(name, block, recompute)
    for name, block, host in blocks if fused_mlp else ():
        reason = unfit(block, host.halves(block))
        if reason is not None:
            raise ConfigError(
                f'fused_mlp=True: {name} ({class_name(type(block))}) is not what the '
                f'function computes: {reason}. Leave it out.'
            )
    for _, block, host in blocks:
        promote(block, host)
        block.recompute_tier = recompute  # type: ignore[assignment]
        block.fused_mlp = fused_mlp or recompute in ('mlp', 'mlp+qkv')  # type: ignore[assignment]
    return backbone


def blocks_of(backbone: nn.Module) -> list[tuple[str, nn.Module, Any]]:
    """Name, module and host of every block, whether it has an adapter or not."""
    adapted = [
        (name, module, type(module))
        for name, module in backbone.named_modules()
        if isinstance(module, AdapterHost | PromptHost)
    ]
    plain = [
        (name, module, HOSTS[type(module)]) for name, module in find_hosts(backbone)
    ]
    return [*adapted, *plain]


def check_halves(name: str, block: nn.Module, host: Any, recompute: str) -> None:
    """Refuse a block that isn't known as two halves.

    Raises:
        ConfigError: With those that are.
    """
    if issubclass(host, AdapterHost) and has_halves(host):
        return
    known = sorted(class_name(kind) for kind, host in HOSTS.items() if has_halves(host))
    raise ConfigError(
        f'recompute={recompute!r}: {name} ({class_name(type(block))}) can be computed '
        "again as a whole alone, recompute='block', without fused_mlp. Blocks for the "
        f'other tiers, without prompts: {", ".join(known)}.'
    )


def check_statistics(name: str, block: nn.Module, recompute: str) -> None:
    """Refuse statistics that a second computation would move a second time.

    Raises:
        ConfigError: With the norm's name.
    """
    for child, module in block.named_modules() if recompute != 'none' else ():
        if isinstance(module, _NormBase) and not follows_nothing(module):
            raise ConfigError(
                f'recompute={recompute!r}: the statistics of {name}.{child} '
                f'({type(module).__name__}, a BatchNorm that learns) would move twice '
                "an iteration. Use recompute='none', or norm_eval=True."
            )


def has_halves(host: type[nn.Module]) -> bool:
    """Whether a host says what the halves of its blocks are."""
    return getattr(host, 'halves', AdapterHost.halves) is not AdapterHost.halves
