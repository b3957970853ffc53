"""The last block of a VideoMAE whose tokens are averaged behind it.

    mean(x' + W2 h + b2 + A(x')) = mean(x') + W2 mean(h) + b2 + mean(A(x'))

What stands behind the hidden layer h is linear, the norm of the mean comes later: so
the second layer of the MLP, forth and back, is needed for one row in place of N.
"""

from __future__ import annotations

from typing import Any

from mmaction.models.backbones.vit_mae import VisionTransformer
from torch import nn

from ...adapters import check_choice
from ...errors import ConfigError, class_name
from ..base import HOSTS, promote
from ..ffn import is_identity, plain_linears
from .videomae import AdaptedVideoMAEBlock

__all__ = ['hindrance', 'set_mean_row']


def set_mean_row(trunk: nn.Module, mean_row: bool | None = None) -> bool:
    """Compute the last MLP's second layer for the mean of tokens alone, where exact.

    In place. Outputs and gradients are those of all tokens, to rounding. That is where
    a VideoMAE hands on the mean of its tokens and nothing behind the hidden layer of
    its last block but stochastic depth is other than linear.

    Args:
        trunk: Adapted or not, behind what says what is computed a second time.
        mean_row: None where it is exact, True everywhere, False nowhere.

    Returns:
        Whether it is done.

    Raises:
        ConfigError: True, and it wouldn't be exact; nothing is changed then.
    """
    check_choice('mean_row', mean_row, (None, True, False))
    if mean_row is not None and not mean_row:
        if isinstance(trunk, VisionTransformer):
            vars(trunk.blocks[-1]).pop('mean_row', None)
        return False
    reason = hindrance(trunk)
    if reason:
        if mean_row:
            raise ConfigError(
                f'mean_row=True: {class_name(type(trunk))} needs all rows of its last '
                f'block: {reason}. Leave it out.'
            )
        return False
    block: Any = trunk.blocks[-1]  # type: ignore[index]
    promote(block, AdaptedVideoMAEBlock)
    block.mean_row = True
    block.fused_mlp = False  # the one function is of all rows
    return True


def hindrance(trunk: Any) -> str:
    """Why the mean isn't all that is needed of a trunk; empty where it is."""
    same = getattr(type(trunk), 'forward', None) is VisionTransformer.forward
    if not isinstance(trunk, VisionTransformer) or not same:
        return 'it is no VideoMAE of MMAction2'
    if trunk.return_feat_map or trunk.fc_norm is None or not is_identity(trunk.norm):
        return 'it hands on more than their mean'
    block = trunk.blocks[-1]
    if type(block) not in HOSTS and type(block) is not AdaptedVideoMAEBlock:
        return f'{class_name(type(block))} has prompts, or is not known'
    if plain_linears(block.mlp) is None:
        return 'its MLP is not two linear layers around an exact GELU'
    adapter = getattr(block, 'adapter', None)
    if adapter is not None and adapter.mode != 'parallel':
        return "the adapter in it reads the MLP's output"
    return ''
