"""Building an adapted backbone: initialise, load, adapt, freeze, stamp.

All of it happens while the backbone is built. A runner hook would be too late: DDP
wraps the model in ``Runner.__init__``; and testing, the inference functions and EMA
never call ``init_weights``, so that a trunk loaded there would stay random under a
task file without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.logging import MMLogger
from mmengine.model import BaseModule
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from ..adapt import (
    adapt,
    adapter_prefixes,
    check_trainable,
    is_trained,
    release_stages,
)
from ..errors import ConfigError, did_you_mean
from ..placement import AdapterConfig, function_options
from ..precision import check_frozen_dtype, store_frozen
from ..weights.coverage import LoadReport
from ..weights.fingerprint import TrunkRecord, hash_values
from ..weights.load import load_weights
from ..weights.options import trunk_options
from ..weights.stamp import TaskStamp

__all__ = ['adapt_backbone', 'check_init_cfg', 'drawn_from']

# Options of MMAction2's backbones (Video Swin, UniFormer, UniFormerV2) that make their
# init_weights fetch the file that `pretrained` names, even where it names none.
FETCHERS = ('pretrained2d', 'clip_pretrained')

INIT_OPTIONS = {'PretrainedTrunk': ('checkpoint',), 'RandomTrunk': ('seed',)}


def adapt_backbone(
    backbone: nn.Module,
    adapter: AdapterConfig | Sequence[AdapterConfig] | None,
    trainable: Sequence[str] | str,
    norm_eval: bool,
    init_cfg: Mapping[str, Any] | None,
    frozen_dtype: str | None = None,
) -> nn.Module:
    """Turn a freshly built backbone into an adapted one, in place.

    Args:
        backbone: The backbone, as its class built it.
        adapter: See :func:`mmadapt.adapt`.
        trainable: See :func:`mmadapt.adapt`.
        norm_eval: See :func:`mmadapt.adapt`.
        init_cfg: ``dict(type='PretrainedTrunk', checkpoint=FILE)``,
            ``dict(type='RandomTrunk', seed=None)``, or None (a trunk for counting
            parameters; training and testing refuse it).
        frozen_dtype: ``'bfloat16'`` or None, see :func:`mmadapt.store_frozen`.

    Returns:
        The same backbone, with a child ``task_stamp``.

    Raises:
        ConfigError: An option that can't be obeyed.
        WeightsError: A trunk file that is missing, broken or doesn't cover the trunk.
    """
    check_trainable(backbone, trainable)
    check_frozen_dtype(frozen_dtype, trainable)
    trainable = trainable if isinstance(trainable, str) else tuple(trainable)
    options = check_init_cfg(init_cfg)
    release_stages(backbone, trainable)
    described = function_options(backbone, adapter)
    report: LoadReport | None = None
    if options['type'] == 'PretrainedTrunk':
        initialise(backbone)
        report = load_weights(backbone, options['checkpoint'], fresh=trainable)
    elif options['type'] == 'RandomTrunk':
        initialise(backbone, options['seed'])

    adapt(backbone, adapter, trainable, norm_eval)
    backbone.task_stamp = TaskStamp(
        record=frozen_record(backbone, trainable, report, options['type']),
        adapter=described,
        trainable=trainable if trainable == 'all' else list(trainable),
        options=trunk_options(backbone),
        trained=trained_tensors(backbone, trainable),
        report=report,
        trunk_state=options['state'],
    )
    if frozen_dtype is not None:  # behind the hashes, which are of the file's values
        store_frozen(backbone, frozen_dtype)
    # Parents leave a child alone that says so: nothing may initialise it again.
    setattr(backbone, 'is_init', True)  # noqa: B010 - a property of BaseModule
    return backbone


@contextmanager
def drawn_from(init_cfg: Mapping[str, Any] | None) -> Iterator[None]:
    """Let a RandomTrunk with a seed be built from it.

    Some backbones draw parameters in their constructors. The global random state is
    afterwards what it was.

    Args:
        init_cfg: As given to the adapted backbone; checked later.
    """
    random = isinstance(init_cfg, Mapping) and init_cfg.get('type') == 'RandomTrunk'
    seed = (init_cfg or {}).get('seed') if random else None
    # Backbones are built on the CPU: no GPU is asked, nor seeded when it is first used.
    with torch.random.fork_rng([], enabled=isinstance(seed, int)):
        if isinstance(seed, int):
            torch.default_generator.manual_seed(seed)
        yield


def check_init_cfg(init_cfg: Mapping[str, Any] | None) -> dict[str, Any]:
    """The trunk's origin, with defaults.

    Returns:
        ``type``, ``state`` ('loaded', 'random' or 'none') and the type's options.

    Raises:
        ConfigError: Another type, an unknown option, no checkpoint.
    """
    if init_cfg is None:
        return {'type': None, 'state': 'none'}
    kind = init_cfg.get('type') if isinstance(init_cfg, Mapping) else None
    if not isinstance(kind, str) or kind not in INIT_OPTIONS:
        raise ConfigError(
            f'init_cfg={init_cfg!r} of an adapted backbone: allowed are '
            "dict(type='PretrainedTrunk', checkpoint=FILE), dict(type='RandomTrunk') "
            'and None. Over a base config, add _delete_=True to replace its init_cfg.'
            f'{did_you_mean(kind, INIT_OPTIONS)}'
        )
    # MMEngine leaves _delete_ standing where the base had nothing to delete.
    given = set(init_cfg) - {'type', '_delete_'}
    options = {name: value for name, value in init_cfg.items() if name in given}
    allowed = INIT_OPTIONS[kind]
    for name in options:
        if name not in allowed:
            raise ConfigError(
                f'{kind} has no option {name!r}; allowed: {", ".join(allowed)}.'
                f'{did_you_mean(name, allowed)}'
            )
    if kind == 'RandomTrunk':
        seed = options.get('seed')
        if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool)):
            raise ConfigError(f'RandomTrunk got seed={seed!r}: a whole number or None.')
        return {'type': kind, 'state': 'random', 'seed': options.get('seed')}
    if not options.get('checkpoint'):
        raise ConfigError(
            'PretrainedTrunk has no checkpoint: name the trunk file, in the config as '
            "init_cfg=dict(type='PretrainedTrunk', checkpoint=FILE), on the command "
            'line as --cfg-options trunk=FILE.'
        )
    return {'type': kind, 'state': 'loaded', **options}


def initialise(backbone: nn.Module, seed: int | None = None) -> None:
    """Run the backbone's own initialisation, from ``seed`` where it is given.

    With a seed the global random state is left as it was.
    """
    with quiet_initialisation(), torch.random.fork_rng([], enabled=seed is not None):
        if seed is not None:
            torch.default_generator.manual_seed(seed)
            for module in backbone.modules():
                # Layers that init_weights leaves as their constructor drew them.
                reset: Any = getattr(module, 'reset_parameters', None)
                if reset is not None:
                    reset()
        if getattr(backbone, 'pretrained', '') is None:
            for option in FETCHERS:
                if hasattr(backbone, option):
                    setattr(backbone, option, False)
        if isinstance(backbone, BaseModule):
            backbone.init_weights()


@contextmanager
def quiet_initialisation() -> Iterator[None]:
    """Keep MMEngine from logging a paragraph for every parameter it initialises."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel('WARNING')
    try:
        yield
    finally:
        logger.setLevel(level)


def frozen_record(
    backbone: nn.Module,
    trainable: Sequence[str] | str,
    report: LoadReport | None,
    origin: str | None,
) -> TrunkRecord:
    """What the frozen tensors are: as read from the file, or as drawn at random."""
    if trainable == 'all' or origin is None:
        return TrunkRecord(file='', tensors={})
    if report is not None:
        return report.record.without(trainable)
    tensors = {
        name: hash_values(parameter)
        for name, parameter in backbone.named_parameters()
        if not parameter.requires_grad
    }
    return TrunkRecord(file='', tensors=tensors)


def trained_tensors(
    backbone: nn.Module, trainable: Sequence[str] | str
) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors that training changes."""
    adapters = adapter_prefixes(backbone)
    drifting = {
        f'{name}.{buffer}' if name else buffer
        for name, module in backbone.named_modules()
        if isinstance(module, _NormBase) and not follows_nothing(module)
        for buffer, _ in module.named_buffers(recurse=False)
    }
    return {
        name: tuple(tensor.shape)
        for name, tensor in backbone.state_dict().items()
        if name in drifting or is_trained(name, trainable, adapters)
    }


def follows_nothing(norm: _NormBase) -> bool:
    """Whether a norm layer's statistics are fixed: training mode doesn't reach it."""
    training = norm.training
    fixed = not norm.train(True).training
    norm.train(training)
    return fixed
