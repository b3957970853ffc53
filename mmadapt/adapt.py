"""adapt(): everything is checked first, then blocks are promoted and frozen."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.model import is_model_wrapper
from torch import nn

from .adapters import Method
from .errors import ConfigError
from .hosts import promote
from .hosts.bare import bare_blocks
from .hosts.class_row import all_rows
from .hosts.norm import fix_statistics, free_statistics
from .hosts.stages import revive_checkpoints
from .hosts.trunks import promote_trunks
from .placement import AdapterConfig, plan

__all__ = ['adapt', 'adapter_prefixes', 'freeze', 'is_trained']


def adapt(
    model: nn.Module,
    adapter: AdapterConfig | Sequence[AdapterConfig] | None = None,
    trainable: Sequence[str] | str = (),
    norm_eval: bool = True,
) -> nn.Module:
    """Freeze a transformer and add trainable branches to its blocks, in place.

    Args:
        model: A backbone, or any module that holds blocks with a host.
        adapter: ``dict(type='AdaptMLP', bottleneck=64, layers='all', branch='mlp',
            ...)``; several methods as a list of such dicts; None adds nothing (linear
            probing). ``layers``: indices, or a rule, see
            :func:`mmadapt.layers.select_layers`. ``branch``: beside the MLP, the
            attention (``'attn'``) or ``'both'``.
        trainable: Prefixes of the parameter names that train beside the adapters, or
            ``'all'`` (full fine-tuning).
        norm_eval: Keep the statistics of BatchNorm layers in the frozen part fixed.

    Returns:
        The same model.

    Raises:
        ConfigError: An unknown method or option, a layer out of range, a prefix that
            matches nothing, no block with a host, a model that is adapted already, or
            wrapped for several processes. The model is untouched then.

    Examples:
        >>> model = adapt(backbone, dict(bottleneck=64), trainable=['fc_norm'])
    """
    check_model(model)
    with all_rows(model), bare_blocks(model):
        placements = plan(model, adapter)
        check_trainable(model, trainable)
        release_stages(model, trainable)
        for placement in placements:
            promote(placement.block, placement.host)
            placement.block.add_module(placement.child, placement.module)
    if placements:
        promote_trunks(model)
    freeze(model, trainable, norm_eval)
    return model


def release_stages(model: nn.Module, trainable: Sequence[str] | str) -> None:
    """Switch upstream's ``frozen_stages`` off: ``train()`` would freeze adapters too.

    Everything outside the adapters and ``trainable`` is frozen here anyway.

    Args:
        model: A backbone, or a module that holds some.
        trainable: See :func:`adapt`.

    Raises:
        ConfigError: Full fine-tuning of stages that shall be frozen. Nothing is
            switched then.
    """
    found = [
        (module, module.frozen_stages)
        for module in model.modules()
        if isinstance(getattr(module, 'frozen_stages', None), int)
    ]
    for module, stages in found:
        if trainable == 'all' and stages > 0:  # type: ignore[operator]
            raise ConfigError(
                f"trainable='all' trains all stages, and frozen_stages={stages} of "
                f'{type(module).__name__} freezes some. Leave one of them out, or name '
                'the prefixes that train.'
            )
    for module, stages in found:
        if trainable != 'all' and stages >= 0:  # type: ignore[operator]
            setattr(module, 'frozen_stages', -1)  # noqa: B010 - not typed


def freeze(
    model: nn.Module, trainable: Sequence[str] | str = (), norm_eval: bool = True
) -> None:
    """Let the adapters and ``trainable`` learn, and nothing else.

    Args:
        model: A module with or without adapters.
        trainable: Prefixes of parameter names, or ``'all'``.
        norm_eval: Fix the statistics of BatchNorm layers outside ``trainable``.

    Raises:
        ConfigError: A prefix that matches no parameter. The model is untouched then.
    """
    check_trainable(model, trainable)
    adapters = adapter_prefixes(model)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(is_trained(name, trainable, adapters))
    revive_checkpoints(model)
    for name, module in model.named_modules():
        frozen = norm_eval and not is_trained(name, trainable, adapters)
        (fix_statistics if frozen else free_statistics)(module)


def is_trained(
    name: str, trainable: Sequence[str] | str, adapters: Sequence[str] = ()
) -> bool:
    """Whether a parameter, buffer or module of that name is one that learns.

    Args:
        name: Dotted name, relative to the adapted module.
        trainable: Prefixes, or ``'all'``.
        adapters: Names of the adapter modules.
    """
    if trainable == 'all':
        return True
    return any(
        name == prefix or name.startswith(f'{prefix}.')
        for prefix in (*trainable, *adapters)
    )


def adapter_prefixes(model: nn.Module) -> list[str]:
    """Names of the adapter modules in a model, in forward order."""
    return [
        name for name, module in model.named_modules() if isinstance(module, Method)
    ]


def check_model(model: nn.Module) -> None:
    """Refuse what is no model, is wrapped for several processes, or has adapters.

    Raises:
        ConfigError: With what was given, or the name of the first adapter.
    """
    if not isinstance(model, nn.Module):
        raise ConfigError(
            f'model={model!r}: a torch module, such as a backbone or a whole model.'
        )
    for module in model.modules():
        if is_model_wrapper(module) and not isinstance(module, nn.DataParallel):
            raise ConfigError(
                f'the model is in a {type(module).__name__}, which has taken its list '
                'of parameters: adapters would not be kept alike in all processes. '
                'Adapt the model first, then wrap it.'
            )
    adapters = adapter_prefixes(model)
    if adapters:
        raise ConfigError(
            f'{type(model).__name__} is adapted already: it has {len(adapters)} '
            f"adapters, the first is '{adapters[0]}'. Adapt a model once; several "
            'methods are given as a list.'
        )


def check_trainable(model: nn.Module, trainable: Sequence[str] | str) -> None:
    """Refuse prefixes that match no parameter of the model.

    Raises:
        ConfigError: With the prefix and the names that exist.
    """
    if trainable == 'all':
        return
    if not isinstance(trainable, (list, tuple)) or not all(
        isinstance(prefix, str) for prefix in trainable
    ):
        raise ConfigError(
            f"trainable={trainable!r}: a list of parameter-name prefixes, or 'all'."
        )
    names = [name for name, _ in model.named_parameters()]
    for prefix in trainable:
        if not any(is_trained(name, [prefix]) for name in names):
            first_level = sorted({name.split('.')[0] for name in names})
            raise ConfigError(
                f"trainable prefix '{prefix}' matches no parameter of "
                f'{type(model).__name__}; prefixes end at a dot. Its parameters start '
                f'with: {", ".join(first_level)}.'
            )
