"""Checkpoints of what was trained, instead of copies of the whole model."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook, EMAHook, Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from ..errors import ConfigError, TaskFileError
from ..weights.latest import NOTE
from ..weights.task_file import check_task_state, task_keys
from ..wrapping import unwrapped
from .changed_options import keep_own_choices, warn_changed_options
from .hook_states import learns_from_scores
from .plain import plain_parts, rebuilt
from .random_state import random_state, set_random_state
from .resumable import check_resumable
from .run_state import RunState
from .storage import AtomicLocalBackend, LateRemoval

__all__ = ['AdapterCheckpointHook']

EMA_PREFIX = 'module.'
DEFAULT_BACKEND = {'backend': 'mmadapt.AtomicLocalBackend'}


@HOOKS.register_module()
class AdapterCheckpointHook(CheckpointHook):
    """MMEngine's CheckpointHook, whose files hold adapters, head and their buffers.

    Every file is tensors and plain Python, so that it loads with
    ``torch.load(weights_only=True)``. It is written to a temporary name and renamed,
    and the files it replaces go only then. The arguments are those of
    :class:`mmengine.hooks.CheckpointHook`; a storage of one's own (``backend_args``,
    or an address as ``out_dir``) takes the place of the local files.

    The files keep the random generators, the place in the epoch and gradients that wait
    for their update too; validation leaves the generators as it found them, and data
    workers are seeded by the epoch. So with a seed in the config a resumed run ends in
    the very weights of one that was never interrupted.

    Raises:
        ConfigError: A moving average whose hook would run behind this one.
        TaskFileError: A file to resume from that holds weights alone, or is from the
            midst of an epoch of another length.
    """

    backend_args: dict[str, Any] | None
    file_backend: Any

    def __init__(self, *args: Any, **checkpoint_hook: Any) -> None:
        super().__init__(*args, **checkpoint_hook)
        local = '://' not in str(self.out_dir)
        if local and self.backend_args is None and self.file_client_args is None:
            self.backend_args = dict(DEFAULT_BACKEND)
        self.state = RunState()
        self.newest: tuple[int, dict[str, int]] | None = None
        self.before_validation: dict[str, Any] = {}
        self.warned: set[str] = set()

    def before_train(self, runner: Runner) -> None:
        """Prepare the folder, and go on from the generators of a resumed file."""
        check_order(runner, self)
        super().before_train(runner)
        self._forget_foreign_files()
        self.file_backend = LateRemoval(self.file_backend)
        self.state.begin(runner, str(self.out_dir))
        if learns_from_scores(runner):
            runner.register_hook(SavesAgain(self), 'LOWEST')

    def before_train_epoch(self, runner: Runner) -> None:
        """Remember where this epoch begins, and what its data is drawn with."""
        self.state.begin_epoch(runner)

    def _forget_foreign_files(self) -> None:
        """Best files of another folder are another run's, and stay there."""

        def own(path: Any) -> Any:
            if not path:
                return None
            here = self.file_backend.join_path(self.out_dir, Path(str(path)).name)
            return here if self.file_backend.isfile(here) else None

        if hasattr(self, 'best_ckpt_path'):
            self.best_ckpt_path: Any = own(self.best_ckpt_path)
        best = getattr(self, 'best_ckpt_path_dict', {})
        best.update({name: own(path) for name, path in best.items()})

    def before_val_epoch(self, runner: Runner) -> None:
        """Remember the generators, from which loaders and transforms draw."""
        self.before_validation = random_state()

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Training goes on as if there had been no validation; keep the best file."""
        set_random_state(self.before_validation)
        if hasattr(self, 'file_backend'):  # Runner.val() alone has no best to keep
            super().after_val_epoch(runner, metrics or {})

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep what was trained; called behind EMAHook, whose copy is cut alike."""
        keys = task_keys(unwrapped(runner.model))
        self.state.add_to(checkpoint)
        states = {
            'state_dict': OrderedDict(
                (name, tensor)
                for name, tensor in checkpoint.pop('state_dict').items()
                if name in keys
            )
        }
        if 'ema_state_dict' in checkpoint:
            states['ema_state_dict'] = OrderedDict(
                (name, tensor)
                for name, tensor in checkpoint.pop('ema_state_dict').items()
                if not name.startswith(EMA_PREFIX) or name[len(EMA_PREFIX) :] in keys
            )

        def refuse(name: str, reason: str) -> None:
            if name not in self.warned:  # once, not once an epoch
                self.warned.add(name)
                runner.logger.warning(f'{name} is left out of checkpoints: {reason}.')

        plain = plain_parts(checkpoint, refuse)
        checkpoint.clear()
        checkpoint.update(plain, **states)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Give MMEngine its log buffers back; without them it drops the log."""
        if runner._resume and 'optimizer' not in checkpoint:
            weights = checkpoint.get('state_dict', checkpoint)
            check_task_state(unwrapped(runner.model), weights)  # another file is worse
            raise TaskFileError(
                f"'{runner._load_from}' holds no optimizer and no learning-rate "
                'schedule: --resume takes epoch_N.pth, best_*.pth is for testing. To '
                'start a new training from these weights leave --resume out and give '
                '--cfg-options load_from=FILE.'
            )
        if runner._resume:
            check_resumable(runner, checkpoint)
            warn_changed_options(runner, checkpoint)
            keep_own_choices(runner, checkpoint)
        if 'message_hub' in checkpoint:
            try:
                checkpoint['message_hub'] = rebuilt(checkpoint['message_hub'])
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise TaskFileError(
                    f"the logs (message_hub) of '{runner._load_from}' are broken "
                    f'({type(error).__name__}: {error}); take another file of the run.'
                ) from error
        if runner._resume:
            self.state.take(checkpoint)

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        """Write one file, then the note that names it, then let the oldest go."""
        self.newest = step, {name: meta[name] for name in ('epoch', 'iter')}
        self.state.note(runner, meta)
        name = self.filename_tmpl.format(step)
        with self.file_backend.waits(self._current_files):
            self._retire(runner, step)
            self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
            runner.message_hub.update_info('last_ckpt', self.last_ckpt)
            runner.save_checkpoint(
                self.out_dir,
                name,
                self.file_client_args,
                save_optimizer=self.save_optimizer,
                save_param_scheduler=self.save_param_scheduler,
                meta=meta,
                by_epoch=self.by_epoch,
                backend_args=self.backend_args,
                **self.args,
            )
            if is_main_process():
                here = Path(self.out_dir).resolve() == Path(runner.work_dir).resolve()
                noted = name if here else str(self.last_ckpt)  # so a folder may move
                AtomicLocalBackend().put(noted.encode(), f'{runner.work_dir}/{NOTE}')

    def _retire(self, runner: Runner, step: int) -> None:
        """Note ``step`` among the files to keep; the one too many waits to go."""
        if self.max_keep_ckpts <= 0 or step in self.keep_ckpt_ids:
            return
        if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
            oldest = self.filename_tmpl.format(self.keep_ckpt_ids.popleft())
            path = self.file_backend.join_path(self.out_dir, oldest)
            if is_main_process() and self.file_backend.isfile(path):
                self.file_backend.remove(path)
        self.keep_ckpt_ids.append(step)
        runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        with self.file_backend.waits(self._current_files):
            super()._save_best_checkpoint(runner, metrics)

    def _current_files(self) -> list[str]:
        """The newest files, which no removal may take."""
        best = list(getattr(self, 'best_ckpt_path_dict', {}).values())
        best.append(getattr(self, 'best_ckpt_path', None))
        return [str(path) for path in (*best, self.last_ckpt) if path]


class SavesAgain(Hook):
    """Writes the newest file again behind a validation from which hooks have learned.

    The file was written in front of it, and a resumed run begins behind it: behind the
    whole epoch, where the file was written at an epoch's last iteration.

    Args:
        checkpoints: What writes it.
    """

    def __init__(self, checkpoints: AdapterCheckpointHook) -> None:
        self.checkpoints = checkpoints

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Write it, where it is of this very moment."""
        newest = self.checkpoints.newest
        if newest is not None and newest[1]['iter'] == runner.iter:
            meta = {**newest[1], 'epoch': runner.epoch}
            self.checkpoints._save_checkpoint_with_step(runner, newest[0], meta)


def check_order(runner: Runner, hook: AdapterCheckpointHook) -> None:
    """Refuse a moving average that would be added to a file that is cut already.

    Raises:
        ConfigError: With the hook's priority.
    """
    for other in runner.hooks[runner.hooks.index(hook) :]:
        if isinstance(other, EMAHook):
            raise ConfigError(
                f'{type(other).__name__} has priority {other.priority}, behind '
                f'{type(hook).__name__} ({hook.priority}), so that checkpoints would '
                'hold its whole copy of the trunk. Take the priority out of its config.'
            )
