"""What a run needs to go on as if it had never stopped, beside what MMEngine keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.dist import all_gather_object
from mmengine.runner import Runner

from ..weights.run_line import RunLine
from .gradients import gradients, restore_gradients, scaled
from .hook_states import hook_states, restore_hooks
from .position import go_on, position
from .random_state import random_state, set_random_state
from .run_note import begin_run
from .worker_seeds import EpochSeeds, seed_workers

__all__ = ['RunState']

ENTRIES = ('random_state', 'position', 'gradients', 'hooks')
"""What is added to a checkpoint that holds an optimizer."""


class RunState:
    """Which run it is, its generators, its place in the data, its waiting gradients,
    and what its hooks have counted.

    :class:`~mmadapt.hooks.AdapterCheckpointHook` asks it at each of its own points.
    """

    def __init__(self) -> None:
        self.line: RunLine | None = None
        self.seeds: EpochSeeds | None = None
        self.epoch_start: dict[str, Any] = {}
        self.begun = (0, 0)
        self.saved: dict[str, Any] = {}
        self.resumed: dict[str, Any] = {}
        self.resumed_place: dict[str, int] = {}

    def begin(self, runner: Runner, out_dir: str) -> None:
        """Go on where the resumed file left off, before the first epoch.

        Args:
            runner: That has loaded it.
            out_dir: Where it writes checkpoints.

        Raises:
            TaskFileError: The file is from the midst of an epoch of another length.
        """
        file, self.resumed = self.resumed, {}
        self.line = begin_run(runner, out_dir, file)
        self.seeds = seed_workers(runner)
        states, now = file.get('random_state', []), None
        if len(states) == runner.world_size:
            now = states[runner.rank]
            set_random_state(now)
        elif runner._resume and not states:
            runner.logger.warning(
                f"'{runner._load_from}' has no random states: the run goes on with "
                'other data and dropout than one that was not interrupted.'
            )
        elif states:
            runner.logger.info(
                f'random states of {len(states)} process(es) are not '
                f'resumed in {runner.world_size}'
            )
        restore_gradients(runner, file.get('gradients', []), file.get('scaled', False))
        restore_hooks(runner, file.get('hooks', {}))
        start = now.get('epoch_start') if now is not None else None
        self.resumed_place = dict(file.get('position', {}))
        go_on(runner, self.resumed_place, start, now)
        self.epoch_start = dict(start or {})

    def begin_epoch(self, runner: Runner) -> None:
        """Remember where an epoch begins, and what its data is drawn with."""
        done = self.resumed_place.pop('batches', 0)
        self.begun = (runner.epoch, runner.iter - done)
        if not done:
            self.epoch_start = random_state()
        if self.seeds is not None:
            self.seeds.begin(runner.epoch)

    def note(self, runner: Runner, meta: Mapping[str, int]) -> None:
        """Take down the state in all processes, for the file that is written next.

        Args:
            runner: That saves.
            meta: The file's ``epoch`` and ``iter``.
        """
        place = position(runner, meta, self.begun)
        state = random_state()
        if place['batches']:
            state['epoch_start'] = self.epoch_start
        self.saved = {
            'random_state': all_gather_object(state),
            'position': place,
            'gradients': gradients(runner),
            'hooks': hook_states(runner),
        }

    def add_to(self, checkpoint: dict[str, Any]) -> None:
        """Put what was noted into a checkpoint; weights alone get the run's id."""
        if self.line is not None:
            checkpoint['meta']['run'] = self.line.plain()
        if 'optimizer' in checkpoint:
            checkpoint.update(self.saved)

    def take(self, checkpoint: Mapping[str, Any]) -> None:
        """Keep what a checked file holds until the training begins."""
        self.resumed = {
            name: checkpoint[name] for name in ('meta', *ENTRIES) if name in checkpoint
        }
        # now, for MMEngine takes the loss scale out of it when it loads it
        self.resumed['scaled'] = scaled(checkpoint['optimizer'])
