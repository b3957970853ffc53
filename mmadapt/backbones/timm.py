"""Adapted models of timm under MMAction2, whose recognizers build them by timm's names.

``Recognizer2D`` gives a backbone whose type starts with ``timm.`` to timm itself, and
reads its output by that prefix. So the adapted one is a model in timm's own registry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from timm.models import register_model
from torch import nn

from ..errors import ConfigError
from ..linear import set_cpu_linear
from ..placement import AdapterConfig
from .checks import check_inner_init
from .compiling import set_compile_blocks
from .recompute import set_recompute
from .trunk import adapt_backbone, drawn_from

__all__ = ['AdaptedBackbone']


@register_model
def AdaptedBackbone(
    backbone: Mapping[str, Any] | None = None,
    adapter: AdapterConfig | Sequence[AdapterConfig] | None = None,
    trainable: Sequence[str] | str = (),
    norm_eval: bool = True,
    init_cfg: Mapping[str, Any] | None = None,
    frozen_dtype: str | None = None,
    recompute: str = 'none',
    fused_mlp: bool = False,
    compile_blocks: bool | Mapping[str, Any] = False,
    cpu_linear: str = 'auto',
    num_classes: int = 0,
    pretrained: bool = False,
    pretrained_cfg: None = None,
    pretrained_cfg_overlay: None = None,
    cache_dir: str | None = None,
) -> nn.Module:
    """Build any model of timm, adapted: ``type='timm.AdaptedBackbone'``.

    Args:
        backbone: ``dict(type='timm.NAME', ...)``, with the options of that model.
        adapter: See :class:`mmadapt.backbones.image.AdaptFormerViT`, like the next.
        trainable: See there.
        norm_eval: See there.
        init_cfg: See there; the trunk's file has timm's own names.
        frozen_dtype: Must be None: MMAction2 calls ``forward_features`` of timm's
            models, past what stands around their forward.
        recompute: See :class:`mmadapt.backbones.image.AdaptFormerViT`.
        fused_mlp: See there.
        compile_blocks: See there.
        cpu_linear: See there.
        num_classes: MMAction2 gives 0: the recognizer has the head.
        pretrained: timm gives it to every model; must be False.
        pretrained_cfg: timm gives it to every model; unused.
        pretrained_cfg_overlay: timm gives it to every model; unused.
        cache_dir: timm gives it to every model; unused.

    Returns:
        timm's model itself.

    Raises:
        ConfigError: An option that can't be obeyed.
        WeightsError: A trunk file that is missing, broken or doesn't fit.
    """
    if frozen_dtype is not None:
        raise ConfigError(
            f"frozen_dtype={frozen_dtype!r}: type='timm.AdaptedBackbone' stores its "
            'trunk in float32 only. Leave it out.'
        )
    from timm import create_model  # not there yet while timm imports its models

    options = check_inner_init(backbone or {}, init_cfg)
    scope, _, name = str(options.pop('type')).partition('.')
    if scope != 'timm' or not name:
        raise ConfigError(
            f"type='timm.AdaptedBackbone' around {options!r}: the inner type is one of "
            "timm's, such as 'timm.swin_base_patch4_window7_224'."
        )
    if 'feature_shape' in options:
        raise ConfigError(
            f'feature_shape={options["feature_shape"]!r} is for the recognizer, not '
            "for timm: write it beside type='timm.AdaptedBackbone'."
        )
    check_inner_init({'type': name, 'pretrained': pretrained})
    with drawn_from(init_cfg):
        inner = create_model(name, num_classes=num_classes, **options)
    adapt_backbone(inner, adapter, trainable, norm_eval, init_cfg)
    set_recompute(inner, recompute, fused_mlp)
    set_cpu_linear(inner, cpu_linear)
    return set_compile_blocks(inner, compile_blocks, fused_mlp)
