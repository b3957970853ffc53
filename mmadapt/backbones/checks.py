"""What a backbone's config must say before anything is built."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.model import BaseModel
from torch import nn

from ..errors import ConfigError, did_you_mean
from .own_weights import check_own_weights

__all__ = [
    'check_arch',
    'check_heads',
    'check_inner_init',
    'check_tubelets',
    'check_video_backbone',
]

COMMON = (
    'adapter',
    'trainable',
    'norm_eval',
    'init_cfg',
    'frozen_dtype',
    'recompute',
    'fused_mlp',
    'compile_blocks',
    'cpu_linear',
)
"""Arguments that all adapted backbones have."""

HANDING_ON = ('TIMMBackbone',)
"""Classes that hand the options they don't know to a library, which refuses them."""


def check_arch(
    options: Mapping[str, Any],
    backbone: type[nn.Module],
    required: Sequence[str],
    refused: Sequence[str] = (),
    own: Sequence[str] = (),
) -> None:
    """Check the arguments for an upstream class, which may swallow a misspelt one.

    Args:
        options: The arguments given.
        backbone: The upstream class.
        required: Arguments that may be absent (the class has a default) but not None.
        refused: Arguments that the class takes and ignores.
        own: Arguments of the adapted class, for the error.

    Raises:
        ConfigError: An argument that the class doesn't name, or that is still None.
    """
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    parameters = inspect.signature(backbone.__init__).parameters.values()
    allowed = [p.name for p in parameters if p.kind not in kinds][1:]
    allowed = [name for name in allowed if name not in (*refused, 'init_cfg')]
    allowed = [*COMMON, *own, *allowed]
    for name in options:
        if name not in allowed:
            raise ConfigError(
                f'AdaptFormerViT has no option {name!r}; allowed: '
                f'{", ".join(allowed)}.{did_you_mean(name, allowed)}'
            )
    unset = [name for name in required if name in options and options[name] is None]
    if unset:
        raise ConfigError(
            f'AdaptFormerViT got {", ".join(f"{name}=None" for name in unset)}: the '
            'shape of the trunk is not known. tools/train.py reads it from the trunk '
            'file (--cfg-options trunk=FILE); elsewhere run the config through '
            'mmadapt.resolve_config, or write the values.'
        )


def check_inner_init(
    backbone: Mapping[str, Any], init_cfg: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The inner backbone's config, free of pre-trained weights of its own.

    Args:
        backbone: As given to the adapted backbone.
        init_cfg: The adapted backbone's own, which says what the trunk is.

    Raises:
        ConfigError: It has no type or an option that would be swallowed, or it names
            weights where ``init_cfg`` names none.
    """
    if not isinstance(backbone, Mapping) or 'type' not in backbone:
        raise ConfigError(
            f'backbone={backbone!r} of AdaptedBackbone: a config with a type, such as '
            "dict(type='SwinTransformer', arch='base')."
        )
    check_swallowed(backbone)
    return check_own_weights(backbone, init_cfg)


def check_heads(embed_dims: object, num_heads: object) -> None:
    """Refuse a width that isn't a whole number of heads wide.

    Raises:
        ConfigError: With both numbers.
    """
    whole = all(type(n) is int and n > 0 for n in (embed_dims, num_heads))
    if not whole or embed_dims % num_heads:  # type: ignore[operator]
        raise ConfigError(
            f'embed_dims={embed_dims!r}, num_heads={num_heads!r}: whole numbers from 1 '
            'on, the width a multiple of the heads.'
        )


def check_tubelets(num_frames: object, tubelet_size: object) -> None:
    """Refuse clips of which no whole tubelets can be made.

    Raises:
        ConfigError: With both numbers.
    """
    whole = isinstance(num_frames, int) and isinstance(tubelet_size, int)
    if not whole or num_frames < 1 or tubelet_size < 1 or num_frames % tubelet_size:  # type: ignore[operator]
        raise ConfigError(
            f'num_frames={num_frames!r}, tubelet_size={tubelet_size!r}: the frames '
            'of a clip are a multiple of those of a tubelet.'
        )


def check_swallowed(backbone: Mapping[str, Any]) -> None:
    """Refuse an option that the inner class has no name for, and would swallow.

    Raises:
        ConfigError: With the nearest name; or the class is no backbone.
    """
    from mmengine.registry import MODELS

    kind = backbone['type']
    found: Any = MODELS.get(kind) if isinstance(kind, str) else kind
    if not inspect.isclass(found):
        return
    if issubclass(found, BaseModel):
        raise ConfigError(
            f'{found.__name__} is a whole model, with a head and a loss: '
            'AdaptedBackbone takes a backbone, for a model of timm '
            "type='mmpretrain.TIMMBackbone'. In Python mmadapt.adapt(model, "
            'dict(bottleneck=64)) adapts whole models too.'
        )
    if found.__name__ in HANDING_ON:
        return
    allowed: set[str] = set()
    for parent in found.__mro__:
        if '__init__' not in vars(parent):
            continue
        parameters = inspect.signature(vars(parent)['__init__']).parameters.values()
        allowed |= {p.name for p in parameters}
        if all(p.kind is not inspect.Parameter.VAR_KEYWORD for p in parameters):
            break
    for name in backbone:
        if name not in allowed | {'type', '_scope_'}:
            raise ConfigError(
                f'{found.__name__} has no option {name!r}.{did_you_mean(name, allowed)}'
            )


def check_video_backbone(backbone: Mapping[str, Any]) -> None:
    """Refuse a backbone of MMPretrain or timm under MMAction2's own AdaptedBackbone.

    Raises:
        ConfigError: The inner type carries the scope mmpretrain or timm.
    """
    kind = backbone.get('type') if isinstance(backbone, Mapping) else None
    scope = kind.split('.')[0] if isinstance(kind, str) else None
    if scope in ('mmpretrain', 'timm'):
        raise ConfigError(
            f"type='AdaptedBackbone' around {kind!r}: MMAction2 reads the output of a "
            'backbone by the prefix of the outer type. Write '
            f"type='{scope}.AdaptedBackbone'."
        )
