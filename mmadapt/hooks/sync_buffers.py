"""The processes of a run keep the statistics that they train together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mmengine.dist import all_reduce_params, get_world_size
from mmengine.hooks import SyncBuffersHook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.nn.modules.batchnorm import SyncBatchNorm, _NormBase

from ..backbones.trunk import follows_nothing
from ..errors import ConfigError
from ..weights.differences import shortened
from ..weights.task_file import task_keys
from ..wrapping import unwrapped

__all__ = ['SyncTrainedBuffersHook', 'check_synced']

EXACT = (1, 2, 4)
"""Numbers of equal floats whose sum, divided by that number, is the float again."""


@HOOKS.register_module()
class SyncTrainedBuffersHook(SyncBuffersHook):
    """Averages the buffers that training changes over the processes.

    MMEngine's own hook averages all of them, those of the frozen trunk too: the mean of
    three, or of eight, equal numbers is not always that number, so that position tables
    and fixed statistics drift by a bit each epoch.
    """

    called_in_train: bool

    def before_val_epoch(self, runner: Runner) -> None:
        """Average before a validation that no training epoch ended in front of."""
        if not self.called_in_train:
            self.average(runner)
        self.called_in_train = False

    def after_train_epoch(self, runner: Runner) -> None:
        """Average at the end of an epoch."""
        self.average(runner)
        self.called_in_train = True

    def average(self, runner: Runner) -> None:
        """Average now."""
        model = unwrapped(runner.model)
        all_reduce_params([b for _, b in trained_buffers(model)], op='mean')


def trained_buffers(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Names and buffers that a task file holds, its stamps apart."""
    keys = task_keys(model)
    for name, buffer in model.named_buffers():
        if name in keys and not name.endswith('task_stamp.stamp'):
            yield name, buffer


def check_synced(runner: Runner, frozen: Mapping[str, Tensor]) -> None:
    """Refuse processes whose trained buffers go apart, or whose trunks would drift.

    Args:
        runner: The runner, ready to train.
        frozen: The frozen tensors by name.

    Raises:
        ConfigError: With the names, and the hook to add.
    """
    world = get_world_size()
    if world == 1:
        return
    advice = "custom_hooks=[dict(type='SyncTrainedBuffersHook')]"
    hooks = [hook for hook in runner.hooks if isinstance(hook, SyncBuffersHook)]
    norms = [
        name
        for name, module in unwrapped(runner.model).named_modules()
        if isinstance(module, _NormBase)
        and not isinstance(module, SyncBatchNorm)
        and module.track_running_stats
        and not follows_nothing(module)
    ]
    if norms and not hooks:
        raise ConfigError(
            f'{world} processes, and each would keep statistics of its own in '
            f'{shortened(norms)}: they would be validated apart, and one of them '
            f'saved. Add {advice}.'
        )
    buffers = {name for name, _ in unwrapped(runner.model).named_buffers()}
    drifting = [n for n in frozen if n in buffers and frozen[n].is_floating_point()]
    stock = [hook for hook in hooks if not isinstance(hook, SyncTrainedBuffersHook)]
    if stock and drifting and world not in EXACT:
        raise ConfigError(
            'SyncBuffersHook averages the frozen trunk too, and over '
            f'{world} processes rounding changes it: {shortened(drifting)}. In its '
            f'place give {advice}.'
        )
