"""An optimizer over what trains, in few groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.logging import MMLogger, print_log
from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS
from torch import nn

from ..errors import ConfigError, did_you_mean
from ..wrapping import unwrapped
from .fused import build_optimizer, is_fused

__all__ = ['TrainableOptimWrapperConstructor']

PARAMWISE = (
    'bias_decay_mult',
    'bias_lr_mult',
    'bypass_duplicate',
    'custom_keys',
    'dcn_offset_lr_mult',
    'dwconv_decay_mult',
    'flat_decay_mult',
    'norm_decay_mult',
)


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class TrainableOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """Gives the optimizer the parameters that require a gradient, and no other.

    ``paramwise_cfg`` means what it means in MMEngine, whose constructor takes frozen
    parameters along or warns once for each; parameters with equal options share a
    group here, and one line sums up. The optimizer is fused where torch can do it, see
    :func:`mmadapt.optim.fused.build_optimizer`.

    Raises:
        ConfigError: Nothing trains, or an option of ``paramwise_cfg`` that MMEngine
            would pass over.
    """

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the optimizer wrapper for a model, wrapped by DDP or not."""
        check_paramwise(self.paramwise_cfg or {})
        model = unwrapped(model)
        groups = self.groups(model)
        if not groups:
            raise ConfigError(
                f'nothing trains in {type(model).__name__}: every parameter is '
                "frozen. Give the backbone an adapter or trainable='all'."
            )
        tensors = sum(len(group['params']) for group in groups)
        optimizer = build_optimizer(self.optimizer_cfg, groups)
        print_log(
            f'{type(self).__name__}: {tensors} trainable tensors in '
            f'{len(groups)} group(s){", fused" if is_fused(optimizer) else ""}',
            logger='current',
        )
        wrapper = {'type': 'OptimWrapper', **self.optim_wrapper_cfg}
        return OPTIM_WRAPPERS.build(wrapper, default_args={'optimizer': optimizer})

    def groups(self, model: nn.Module) -> list[dict[str, Any]]:
        """Parameter groups of a model, one for each set of equal options."""
        if not self.paramwise_cfg:
            trained = [p for p in model.parameters() if p.requires_grad]
            return [{'params': trained}] if trained else []
        single: list[dict[str, Any]] = []
        logger = MMLogger.get_current_instance()
        level = logger.level
        logger.setLevel('ERROR')  # a line for every parameter, frozen or not
        try:
            self.add_params(single, model)
        finally:
            logger.setLevel(level)
        merged: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
        for group in single:
            options = {key: value for key, value in group.items() if key != 'params'}
            same = tuple(sorted((key, repr(value)) for key, value in options.items()))
            merged.setdefault(same, {**options, 'params': []})
            merged[same]['params'] += group['params']
        return list(merged.values())


def check_paramwise(options: Mapping[str, Any]) -> None:
    """Refuse an option that would do nothing.

    Raises:
        ConfigError: With the nearest option there is.
    """
    for name in options:
        if name not in PARAMWISE:
            raise ConfigError(
                f'paramwise_cfg has no option {name!r}; allowed: '
                f'{", ".join(PARAMWISE)}.{did_you_mean(name, PARAMWISE)}'
            )
