"""Checkpoints of what was trained, instead of copies of the whole model."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from ..weights.task_file import task_keys
from ..wrapping import unwrapped
from .plain import rebuilt, to_plain
from .storage import LateRemoval, write_whole

__all__ = ['AdapterCheckpointHook']

EMA_PREFIX = 'module.'
DEFAULT_BACKEND = {'backend': 'mmadapt.AtomicLocalBackend'}


@HOOKS.register_module()
class AdapterCheckpointHook(CheckpointHook):
    """MMEngine's CheckpointHook, whose files hold adapters, head and their buffers.

    Every file is tensors and plain Python, so that it loads with
    ``torch.load(weights_only=True)``. It is written to a temporary name and renamed,
    and the files it replaces go only then. The arguments are those of
    :class:`mmengine.hooks.CheckpointHook`; a storage of one's own (``backend_args``)
    takes the place of the local files.
    """

    backend_args: dict[str, Any] | None
    file_backend: Any

    def __init__(self, *args: Any, **checkpoint_hook: Any) -> None:
        super().__init__(*args, **checkpoint_hook)
        if self.backend_args is None and self.file_client_args is None:
            self.backend_args = dict(DEFAULT_BACKEND)

    def before_train(self, runner: Runner) -> None:
        """Prepare the folder; see the base class."""
        super().before_train(runner)
        self.file_backend = LateRemoval(self.file_backend)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep what was trained; called behind EMAHook, whose copy is cut alike."""
        keys = task_keys(unwrapped(runner.model))
        state = checkpoint['state_dict']
        checkpoint['state_dict'] = OrderedDict(
            (name, tensor) for name, tensor in state.items() if name in keys
        )
        if 'ema_state_dict' in checkpoint:
            averaged = checkpoint['ema_state_dict']
            checkpoint['ema_state_dict'] = OrderedDict(
                (name, tensor)
                for name, tensor in averaged.items()
                if not name.startswith(EMA_PREFIX) or name[len(EMA_PREFIX) :] in keys
            )
        for part in set(checkpoint) - {'state_dict', 'ema_state_dict'}:
            checkpoint[part] = without_objects(checkpoint[part], part, runner)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Give MMEngine its log buffers back; without them it drops the log."""
        if 'message_hub' in checkpoint:
            checkpoint['message_hub'] = rebuilt(checkpoint['message_hub'])

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        with self.file_backend.waits(self._current_files):
            super()._save_checkpoint_with_step(runner, step, meta)
            if is_main_process():
                # Upstream writes this file in place; a crash may have torn it.
                write_whole(
                    str(self.last_ckpt).encode(), f'{runner.work_dir}/last_checkpoint'
                )

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        with self.file_backend.waits(self._current_files):
            super()._save_best_checkpoint(runner, metrics)

    def _current_files(self) -> list[str]:
        """The newest files, which no removal may take."""
        best = list(getattr(self, 'best_ckpt_path_dict', {}).values())
        best.append(getattr(self, 'best_ckpt_path', None))
        return [str(path) for path in (*best, self.last_ckpt) if path]


def without_objects(value: Any, name: str, runner: Runner) -> Any:
    """``value`` as plain Python; what can't be written so is left out and named."""
    try:
        return to_plain(value)
    except TypeError as error:
        if isinstance(value, Mapping):
            kept = {
                key: without_objects(item, f'{name}.{key}', runner)
                for key, item in value.items()
            }
            return {key: item for key, item in kept.items() if item is not LEFT_OUT}
        runner.logger.warning(f'{name} is left out of the checkpoint: {error}.')
        return LEFT_OUT


LEFT_OUT = object()
