"""Adapted backbones for MMPretrain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmpretrain.models.backbones import VisionTransformer
from mmpretrain.registry import MODELS
from torch import nn

from ..hosts.class_row import set_class_row
from ..linear import set_cpu_linear
from ..placement import AdapterConfig
from .checks import check_arch, check_heads, check_inner_init
from .compiling import set_compile_blocks
from .recompute import set_recompute
from .transformers import ImageFeatures, build_model
from .trunk import adapt_backbone, drawn_from

__all__ = ['AdaptFormerViT', 'AdaptedBackbone', 'TransformersBackbone']


@MODELS.register_module()
class AdaptFormerViT(VisionTransformer):
    """A frozen ViT with trainable branches, `AdaptFormer
    <https://arxiv.org/abs/2205.13535>`_.

    Args:
        adapter: ``dict(bottleneck=64, ...)``, see :class:`mmadapt.adapters.AdaptMLP`;
            several as a list; None for linear probing.
        trainable: Prefixes of parameter names that train too, or ``'all'``.
        norm_eval: Keep BatchNorm statistics of the frozen part fixed.
        init_cfg: ``dict(type='PretrainedTrunk', checkpoint=FILE)``,
            ``dict(type='RandomTrunk')``, or None to count parameters only.
        frozen_dtype: ``'bfloat16'`` stores the frozen weights in it, see
            :mod:`mmadapt.precision`; None in float32.
        recompute: ``'none'``, ``'mlp'``, ``'mlp+qkv'`` or ``'block'``: what a block
            computes a second time to keep less for its backward pass, see
            :func:`mmadapt.backbones.recompute.set_recompute`.
        fused_mlp: See there.
        compile_blocks: True, or a dict of options of :func:`torch.compile`: compile
            the blocks, see :func:`mmadapt.backbones.compiling.set_compile_blocks`.
        cpu_linear: ``'auto'``, ``'onednn'`` or ``'torch'``: what multiplies in linear
            layers on a CPU, see :func:`mmadapt.linear.set_cpu_linear`.
        class_row: None computes the last block for the class token alone where nothing
            else of it is read, False all rows, see
            :func:`mmadapt.hosts.class_row.set_class_row`.
        vit: The arguments of :class:`mmpretrain.models.VisionTransformer`.

    Raises:
        ConfigError: An option that can't be obeyed.
        WeightsError: A trunk file that is missing, broken or doesn't fit.
    """

    def __init__(
        self,
        *,
        adapter: AdapterConfig | Sequence[AdapterConfig] | None,
        trainable: Sequence[str] | str = (),
        norm_eval: bool = True,
        init_cfg: Mapping[str, Any] | None = None,
        frozen_dtype: str | None = None,
        recompute: str = 'none',
        fused_mlp: bool = False,
        compile_blocks: bool | Mapping[str, Any] = False,
        cpu_linear: str = 'auto',
        class_row: bool | None = None,
        **vit: Any,
    ) -> None:
        check_arch(vit, VisionTransformer, required=('arch',), own=('class_row',))
        if isinstance(arch := vit.get('arch'), Mapping):
            check_heads(arch.get('embed_dims'), arch.get('num_heads'))
        with drawn_from(init_cfg):
            super().__init__(**vit)
        adapt_backbone(self, adapter, trainable, norm_eval, init_cfg, frozen_dtype)
        set_recompute(self, recompute, fused_mlp)
        set_class_row(self, class_row)
        set_cpu_linear(self, cpu_linear)
        set_compile_blocks(self, compile_blocks, fused_mlp)

    def init_weights(self) -> None:
        """Nothing: the trunk is initialised and loaded while it is built."""
        if not hasattr(self, 'task_stamp'):
            super().init_weights()

    def train(self, mode: bool = True) -> AdaptFormerViT:
        """Switch to training or evaluation and return self, unlike upstream."""
        super().train(mode)
        return self


@MODELS.register_module()
def AdaptedBackbone(
    backbone: Mapping[str, Any],
    adapter: AdapterConfig | Sequence[AdapterConfig] | None,
    trainable: Sequence[str] | str = (),
    norm_eval: bool = True,
    init_cfg: Mapping[str, Any] | None = None,
    frozen_dtype: str | None = None,
    recompute: str = 'none',
    fused_mlp: bool = False,
    compile_blocks: bool | Mapping[str, Any] = False,
    cpu_linear: str = 'auto',
    class_row: bool | None = None,
) -> nn.Module:
    """Build any backbone of MMPretrain, adapted.

    Args:
        backbone: The backbone's own config.
        adapter: See :class:`AdaptFormerViT`, like the other arguments.
        trainable: See :class:`AdaptFormerViT`.
        norm_eval: See :class:`AdaptFormerViT`.
        init_cfg: See :class:`AdaptFormerViT`.
        frozen_dtype: See :class:`AdaptFormerViT`.
        recompute: See :class:`AdaptFormerViT`.
        fused_mlp: See :class:`AdaptFormerViT`.
        compile_blocks: See :class:`AdaptFormerViT`.
        cpu_linear: See :class:`AdaptFormerViT`.
        class_row: See :class:`AdaptFormerViT`.

    Returns:
        The backbone itself: no wrapper, no new prefix in its parameter names.

    Raises:
        ConfigError: An option that can't be obeyed.
        WeightsError: A trunk file that is missing, broken or doesn't fit.
    """
    with drawn_from(init_cfg):
        inner = MODELS.build(check_inner_init(backbone, init_cfg))
    adapt_backbone(inner, adapter, trainable, norm_eval, init_cfg, frozen_dtype)
    set_recompute(inner, recompute, fused_mlp)
    set_class_row(inner, class_row)
    set_cpu_linear(inner, cpu_linear)
    return set_compile_blocks(inner, compile_blocks, fused_mlp)


@MODELS.register_module()
def TransformersBackbone(
    model: str,
    config: Mapping[str, Any] | str,
    pool: str = 'cls_token',
) -> nn.Module:
    """A model of transformers for images, as a backbone of MMPretrain.

    It stands inside an ``AdaptedBackbone``, whose ``PretrainedTrunk`` is a file of
    ``tools/converters/convert_transformers.py``.

    Args:
        model: Class of the trunk, without a head.
        config: Options of its configuration class, or a folder with its config.json.
        pool: What features are made of, ``cls_token``, ``avg_featmap`` (the mean of
            the other tokens) or ``mean`` (of all).

    Raises:
        ConfigError: transformers is missing, or an option that can't be obeyed.
    """
    return build_model(model, config, pool, ImageFeatures)
