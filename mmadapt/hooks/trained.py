"""Which parameters of a model have to learn, and what may stand by."""

from __future__ import annotations

from mmengine.runner import Runner
from torch import nn

from ..adapt import adapter_prefixes, is_trained
from ..weights.stamp import find_stamps

__all__ = ['adapter_parameters', 'allows_unused', 'named_parameters', 'whole_backbones']


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
