"""What the parts of a config are: the registry of each, and what else each takes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

from mmengine import registry as root
from mmengine.optim import AmpOptimWrapper
from mmengine.registry import Registry
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from .accepts import find_class, options_of

__all__ = ['RUNNER_HOOKS', 'default_type', 'registry_of', 'takes']

RUNNER_HOOKS = (
    'runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint',
)  # fmt: skip
"""The default hooks that MMEngine adds itself, and leaves out where they are None."""

BUILT = r'(backbone|neck|head|cls_head|loss|loss_cls|data_preprocessor)(\.\d+)?'
DATASET = r'\w+_dataloader(\.dataset|\.datasets\.\d+)+'

ROLES: Mapping[str, Registry] = {
    rf'model|model\.(.*\.)?{BUILT}|data_preprocessor': root.MODELS,
    DATASET: root.DATASETS,
    rf'{DATASET}\.pipeline\.\d+': root.TRANSFORMS,
    r'\w+_dataloader\.(batch_)?sampler': root.DATA_SAMPLERS,
    r'optim_wrapper': root.OPTIM_WRAPPERS,
    r'optim_wrapper\.optimizer': root.OPTIMIZERS,
    r'param_scheduler(\.\d+)?': root.PARAM_SCHEDULERS,
    r'default_hooks\.\w+|custom_hooks\.\d+': root.HOOKS,
    r'(val|test)_evaluator(\.\d+)?': root.METRICS,
    r'(train|val|test)_cfg': root.LOOPS,
    r'visualizer': root.VISUALIZERS,
    r'visualizer\.vis_backends\.\d+': root.VISBACKENDS,
    r'log_processor': root.LOG_PROCESSORS,
}
"""Path of a part -> where its type is looked up. Other parts are not judged."""

DEFAULTS = {
    'optim_wrapper': 'OptimWrapper',
    'val_cfg': 'ValLoop',
    'test_cfg': 'TestLoop',
    'log_processor': 'LogProcessor',
}
"""What MMEngine builds of a part without a type."""

LOADER = ('batch_size', 'disable_subprocess_warning', 'num_batch_per_epoch')

ALWAYS = ('type', '_scope_', '_delete_')


def registry_of(path: str) -> Registry | None:
    """Where the type of the part at a dotted path is looked up."""
    for pattern, registry in ROLES.items():
        if re.fullmatch(pattern, path):
            return registry
    return None


def takes(path: str, node: Mapping[str, Any]) -> tuple[str, list[str]] | None:
    """What the part at a path is, and its options; None where it may take any.

    Args:
        path: Dotted, from the top of the config on.
        node: The part.
    """
    if path == 'randomness':
        return path, list(inspect.signature(Runner.set_randomness).parameters)[1:]
    if path == 'auto_scale_lr':
        return path, ['enable', 'base_batch_size']
    if re.fullmatch(r'(train|val|test)_dataloader', path):
        return path, [*own_names(DataLoader), *LOADER]
    registry = registry_of(path)
    kind = node.get('type') or default_type(path, node)
    found = find_class(registry, kind) if registry is not None else None
    if found is None:
        return None
    options, is_open = options_of(found)
    if is_open:
        return None
    return str(kind), [*options, *beside(path, registry, found), *ALWAYS]


def own_names(target: Any) -> list[str]:
    """The names of a class's options."""
    return list(options_of(target)[0])


def default_type(path: str, node: Mapping[str, Any]) -> str | None:
    """What the runner builds of a part that has no type."""
    if path == 'train_cfg' and isinstance(node.get('by_epoch'), bool):
        return 'EpochBasedTrainLoop' if node['by_epoch'] else 'IterBasedTrainLoop'
    return DEFAULTS.get(path)


def beside(path: str, registry: Registry | None, found: Any) -> list[str]:
    """What the runner reads of a part itself, before it builds it."""
    if registry is root.HOOKS:
        return ['priority']
    if registry is root.VISUALIZERS:
        return ['name']
    if path == 'train_cfg':
        return ['by_epoch']
    if path == 'optim_wrapper':  # --amp makes an AmpOptimWrapper of it
        return ['constructor', 'paramwise_cfg', *own_names(AmpOptimWrapper)]
    if registry is root.PARAM_SCHEDULERS:
        convert = getattr(found, 'build_iter_from_epoch', None)
        return ['convert_to_iter_based', *(own_names(convert) if convert else ())]
    return []
