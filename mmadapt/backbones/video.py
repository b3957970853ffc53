"""Adapted backbones for MMAction2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmaction.models.backbones.vit_mae import VisionTransformer
from mmaction.registry import MODELS
from torch import nn

from ..hosts.video.attention import set_attention
from ..hosts.video.mean_row import set_mean_row
from ..hosts.video.patches import lay_tokens
from ..linear import set_cpu_linear
from ..placement import AdapterConfig
from .checks import (
    check_arch,
    check_heads,
    check_inner_init,
    check_tubelets,
    check_video_backbone,
)
from .compiling import set_compile_blocks
from .recompute import set_recompute
from .transformers import ClipFeatures, build_model
from .trunk import adapt_backbone, drawn_from

__all__ = ['AdaptFormerViT', 'AdaptedBackbone', 'TransformersBackbone']


@MODELS.register_module()
class AdaptFormerViT(VisionTransformer):
    """A frozen VideoMAE ViT with trainable branches, `AdaptFormer
    <https://arxiv.org/abs/2205.13535>`_.

    Args:
        adapter: ``dict(bottleneck=64, ...)``, see :class:`mmadapt.adapters.AdaptMLP`;
            several as a list; None for linear probing.
        trainable: Prefixes of parameter names that train too, or ``'all'``. The
            official video code trains ``['fc_norm']`` in every method.
        norm_eval: Keep BatchNorm statistics of the frozen part fixed.
        init_cfg: ``dict(type='PretrainedTrunk', checkpoint=FILE)``,
            ``dict(type='RandomTrunk')``, or None to count parameters only.
        frozen_dtype: ``'bfloat16'`` stores the frozen weights in it, see
            :mod:`mmadapt.precision`; None in float32.
        attention: ``'auto'``, ``'sdpa'`` or ``'eager'``, see
            :func:`mmadapt.hosts.video.attention.set_attention`.
        recompute: ``'none'``, ``'mlp'``, ``'mlp+qkv'`` or ``'block'``: what a block
            computes a second time to keep less for its backward pass, see
            :func:`mmadapt.backbones.recompute.set_recompute`.
        fused_mlp: See there.
        compile_blocks: True, or a dict of options of :func:`torch.compile`: compile
            the blocks, see :func:`mmadapt.backbones.compiling.set_compile_blocks`.
        cpu_linear: ``'auto'``, ``'onednn'`` or ``'torch'``: what multiplies in linear
            layers on a CPU, see :func:`mmadapt.linear.set_cpu_linear`.
        mean_row: None computes the second layer of the last MLP for the mean of tokens
            alone where nothing else of it is read, False for all tokens, see
            :func:`mmadapt.hosts.video.mean_row.set_mean_row`.
        vit: The arguments of MMAction2's VideoMAE ``VisionTransformer``, but
            ``pretrained``, which it ignores.

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
        attention: str = 'auto',
        recompute: str = 'none',
        fused_mlp: bool = False,
        compile_blocks: bool | Mapping[str, Any] = False,
        cpu_linear: str = 'auto',
        mean_row: bool | None = None,
        **vit: Any,
    ) -> None:
        required = ('embed_dims', 'depth', 'num_heads')
        refused, own = ('pretrained',), ('attention', 'mean_row')
        check_arch(vit, VisionTransformer, required, refused, own)
        check_heads(vit.get('embed_dims', 768), vit.get('num_heads', 12))
        check_tubelets(vit.get('num_frames', 16), vit.get('tubelet_size', 2))
        with drawn_from(init_cfg):
            super().__init__(**vit)
        set_attention(self, attention)
        lay_tokens(self)
        adapt_backbone(self, adapter, trainable, norm_eval, init_cfg, frozen_dtype)
        set_recompute(self, recompute, fused_mlp)
        set_mean_row(self, mean_row)
        set_cpu_linear(self, cpu_linear)
        set_compile_blocks(self, compile_blocks, fused_mlp)

    def init_weights(self) -> None:
        """Nothing: the trunk is initialised and loaded while it is built."""
        if not hasattr(self, 'task_stamp'):
            super().init_weights()


@MODELS.register_module()
def AdaptedBackbone(
    backbone: Mapping[str, Any],
    adapter: AdapterConfig | Sequence[AdapterConfig] | None,
    trainable: Sequence[str] | str = (),
    norm_eval: bool = True,
    init_cfg: Mapping[str, Any] | None = None,
    frozen_dtype: str | None = None,
    attention: str = 'auto',
    recompute: str = 'none',
    fused_mlp: bool = False,
    compile_blocks: bool | Mapping[str, Any] = False,
    cpu_linear: str = 'auto',
    mean_row: bool | None = None,
) -> nn.Module:
    """Build any backbone of MMAction2, adapted.

    Around a backbone of MMPretrain write ``type='mmpretrain.AdaptedBackbone'``:
    MMAction2 decides by that prefix how to read the output.

    Args:
        backbone: The backbone's own config.
        adapter: See :class:`AdaptFormerViT`, like the other arguments.
        trainable: See :class:`AdaptFormerViT`.
        norm_eval: See :class:`AdaptFormerViT`.
        init_cfg: See :class:`AdaptFormerViT`.
        frozen_dtype: See :class:`AdaptFormerViT`.
        attention: See :class:`AdaptFormerViT`.
        recompute: See :class:`AdaptFormerViT`.
        fused_mlp: See :class:`AdaptFormerViT`.
        compile_blocks: See :class:`AdaptFormerViT`.
        cpu_linear: See :class:`AdaptFormerViT`.
        mean_row: See :class:`AdaptFormerViT`.

    Returns:
        The backbone itself: no wrapper, no new prefix in its parameter names.

    Raises:
        ConfigError: An option that can't be obeyed.
        WeightsError: A trunk file that is missing, broken or doesn't fit.
    """
    check_video_backbone(backbone)
    with drawn_from(init_cfg):
        inner = MODELS.build(check_inner_init(backbone, init_cfg))
    set_attention(inner, attention)
    lay_tokens(inner)
    adapt_backbone(inner, adapter, trainable, norm_eval, init_cfg, frozen_dtype)
    set_recompute(inner, recompute, fused_mlp)
    set_mean_row(inner, mean_row)
    set_cpu_linear(inner, cpu_linear)
    return set_compile_blocks(inner, compile_blocks, fused_mlp)


@MODELS.register_module()
def TransformersBackbone(
    model: str,
    config: Mapping[str, Any] | str,
    pool: str = 'mean',
) -> nn.Module:
    """A model of transformers for clips, as a backbone of MMAction2.

    It stands inside an ``AdaptedBackbone``, whose ``PretrainedTrunk`` is a file of
    ``tools/converters/convert_transformers.py``.

    Args:
        model: Class of the trunk, without a head.
        config: Options of its configuration class, or a folder with its config.json.
        pool: What features are made of, ``mean`` (of all tokens), ``cls_token`` or
            ``avg_featmap`` (of all but the first).

    Raises:
        ConfigError: transformers is missing, or an option that can't be obeyed.
    """
    return build_model(model, config, pool, ClipFeatures)
