"""Task files of a trunk that is dealt out over processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import mmengine
from mmengine._strategy import SingleDeviceStrategy
from mmengine.dist import barrier, is_main_process
from mmengine.runner.checkpoint import save_checkpoint

__all__ = ['TaskFiles']


class TaskFiles:
    """Saves, loads and resumes the files of any other run.

    A strategy has it in front of MMEngine's own, and the four functions that turn parts
    into whole tensors and back: ``model_state_dict``, ``optim_state_dict``,
    ``load_model_state_dict`` and ``load_optim_state_dict``.
    """

    seed: int
    model_state_dict: Callable[[], dict[str, Any]]
    optim_state_dict: Callable[[], dict[str, Any]]
    scheduler_state_dict: Callable[[], Any]

    load_checkpoint = SingleDeviceStrategy.load_checkpoint
    resume = SingleDeviceStrategy.resume

    def save_checkpoint(
        self,
        filename: str,
        *,
        save_optimizer: bool = True,
        save_param_scheduler: bool = True,
        extra_ckpt: dict[str, Any] | None = None,
        callback: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        """Gather in all processes, and write in the first, whole or not at all.

        Args:
            filename: Where.
            save_optimizer: With the optimizer's state.
            save_param_scheduler: With the schedules' states.
            extra_ckpt: What else goes in.
            callback: The hooks, which cut and check.
        """
        checkpoint: dict[str, Any] = {'state_dict': self.model_state_dict()}
        if save_optimizer and hasattr(self, 'optim_wrapper'):
            checkpoint['optimizer'] = self.optim_state_dict()
        if save_param_scheduler and hasattr(self, 'param_schedulers'):
            checkpoint['param_schedulers'] = self.scheduler_state_dict()
        checkpoint.update(extra_ckpt or {})
        checkpoint.setdefault('meta', {}).update(
            seed=self.seed,
            time=time.strftime('%Y%m%d_%H%M%S', time.localtime()),
            mmengine=mmengine.__version__,
        )
        if callback is not None:
            callback(checkpoint)
        if is_main_process():
            backend = {'backend': 'mmadapt.AtomicLocalBackend'}
            remote = '://' in str(filename)
            save_checkpoint(
                checkpoint, filename, backend_args=None if remote else backend
            )
        barrier()
