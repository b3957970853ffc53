"""Which parameters of a model have to learn, and what may stand by."""

from __future__ import annotations

from collections.abc import Mapping

from mmengine.runner import Runner
from torch import nn

from ..adapt import adapter_prefixes, is_trained
from ..errors import FrozenTrunkError
from ..weights.differences import shortened
from ..weights.stamp import find_stamps

__all__ = [
    'adapter_parameters',
    'allows_unused',
    'check_thawed',
    'named_parameters',
    'watched_parameters',
    'whole_backbones',
]


def adapter_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters of all adapters, by name."""
    adapters = adapter_prefixes(model)
    return {
        name: parameter
        for name, parameter in model.named_parameters()
        if is_trained(name, (), adapters)
    }


def named_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """Those that a backbone's ``trainable`` names by prefixes, adapters left out."""
    return backbone_parameters(model, whole=False)


def whole_backbones(model: nn.Module) -> dict[str, nn.Parameter]:
    """Those of backbones with ``trainable='all'``, adapters left out.

    Backbones have parameters that their forward never reads, such as a mask token or
    the second norm of MMPretrain's DeiT-3, and nobody chose these by name.
    """
    return backbone_parameters(model, whole=True)


def backbone_parameters(model: nn.Module, whole: bool) -> dict[str, nn.Parameter]:
    """The trained parameters of backbones that train as a whole, or in parts."""
    adapters = adapter_parameters(model)
    found = {}
    for backbone, stamp in find_stamps(model).items():
        if (stamp.content['trainable'] == 'all') is not whole:
            continue
        lead = f'{backbone}.' if backbone else ''
        for name, parameter in model.get_submodule(backbone).named_parameters():
            if name in stamp.content['trained'] and f'{lead}{name}' not in adapters:
                found[f'{lead}{name}'] = parameter
    return found


def allows_unused(runner: Runner) -> bool:
    """Whether the config says that some parameters may get no gradient.

    It says so to DistributedDataParallel, which else refuses such parameters too.
    """
    wrapper = runner.cfg.get('model_wrapper_cfg') or {}
    return any(
        config.get('find_unused_parameters', False) for config in (runner.cfg, wrapper)
    )


def watched_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """All parameters of the backbones that train."""
    named = {**adapter_parameters(model), **named_parameters(model)}
    return {**named, **whole_backbones(model)}


def check_thawed(model: nn.Module) -> None:
    """Refuse a backbone in which other parameters train than its config says.

    Raises:
        FrozenTrunkError: With their names.
    """
    for backbone, stamp in find_stamps(model).items():
        trained: Mapping[str, object] = stamp.content['trained']
        thawed, frozen = [], []
        for name, parameter in model.get_submodule(backbone).named_parameters():
            if parameter.requires_grad and name not in trained:
                thawed.append(name)
            if not parameter.requires_grad and name in trained:
                frozen.append(name)
        for names, state, wish in (
            (thawed, 'trains', 'frozen'),
            (frozen, 'is frozen', 'to train'),
        ):
            if names:
                raise FrozenTrunkError(
                    f'in {backbone or type(model).__name__}, {len(names)} parameters '
                    f'whose requires_grad was changed since it was built: what '
                    f'{state} is by its config {wish}: {shortened(names)}. Say in the '
                    "backbone's `trainable` what trains; nothing else may set it."
                )
