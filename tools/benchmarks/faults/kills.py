"""Runs that are killed at random, resumed, and compared with an undisturbed one."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from .outcome import Outcome, Record
from .runs import UNCAUGHT, Ended, train
from .task import SAVING, write_task

__all__ = ['KINDS', 'kill_runs']

KINDS = ('kill', 'kill in a save', 'disk full', 'data worker killed')
WORKER = KINDS[3]
REFUSAL = re.compile(r'^\w*Error: .{20,}', re.MULTILINE)
LIMIT = 300.0
MISSES = 20
"""Runs that may be over before their fault came, one after another."""


@dataclass(frozen=True)
class Task:
    """A config, and what an undisturbed run of it ends in."""

    config: Path
    weights: dict[str, torch.Tensor]
    seconds: float
    bytes: int


def kill_runs(folder: Path, number: int, seed: int) -> Iterator[Record]:
    """Disturb a number of runs, one after another.

    Args:
        folder: Where to work; what a failure left stays there.
        number: How many.
        seed: Of the moments, and of who is hit.

    Raises:
        RuntimeError: A kind of fault that never comes before its run is over.
    """
    tasks: dict[str, Task] = {}
    index = done = missed = 0
    while done < number:
        own = random.Random(seed * 100_003 + index)
        kind = KINDS[done % len(KINDS)]
        which = done // len(KINDS) % len(SAVING)
        name = f'task{which}{"w" if kind == WORKER else ""}'
        if name not in tasks:
            workers = int(kind == WORKER)
            tasks[name] = prepare(folder / name, SAVING[which], workers)
        work = folder / f'run{index}'
        shutil.rmtree(work, ignore_errors=True)
        judged = disturb_one(tasks[name], kind, work, own)
        index += 1
        if judged is None:
            missed += 1
            if missed == MISSES:
                raise RuntimeError(f'{kind}: {missed} runs were over before it came.')
            continue
        done, missed = done + 1, 0
        fault, outcome, detail = judged
        if not outcome.is_failure:
            shutil.rmtree(work)
        yield Record(kind, f'{name}: {fault}', outcome, detail, seed)


def prepare(folder: Path, saving: str, workers: int = 0) -> Task:
    """Write a task and run it undisturbed."""
    folder.mkdir(parents=True, exist_ok=True)
    config, work = write_task(folder, saving, workers), folder / 'whole'
    shutil.rmtree(work, ignore_errors=True)
    ended = train([str(config), '--work-dir', str(work)], folder / 'log', LIMIT)
    if ended.status != 0:
        raise RuntimeError(f'the undisturbed run failed:\n{ended.log[-3000:]}')
    files = list(work.glob('*.pth'))
    size = max(file.stat().st_size for file in files)
    return Task(config, final_weights(work), ended.seconds, size)


def disturb_one(
    task: Task, kind: str, work: Path, own: random.Random
) -> tuple[str, Outcome, str] | None:
    """Disturb a run once, resume it, and judge; None if it was over before."""
    argv = [str(task.config), '--work-dir', str(work)]
    log = work / 'disturbed.log'
    fault, disturb, limit = make_fault(task, kind, work, log, own)
    first = train(argv, log, LIMIT, disturb, limit)
    if first.status == 0:
        return None
    if first.status is None:
        return fault, Outcome.HUNG, 'the disturbed run'
    if first.status > 0 and (bad := unclear(first)):
        return fault, Outcome.FOREIGN, bad
    saved = newest(work)
    ended = train([*argv, '--resume'], work / 'resumed.log', LIMIT)
    if ended.status is None:
        return fault, Outcome.HUNG, 'the resumed run'
    if ended.status != 0:
        bad = unclear(ended)
        if saved:
            return fault, Outcome.LOST, ended.log[-500:]
        return (
            (fault, Outcome.FOREIGN, bad) if bad else (fault, Outcome.REFUSED, 'resume')
        )
    began = re.search(r'resumed epoch: \d+, iter: (\d+)', ended.log)
    iteration = int(began[1]) if began else 0
    if iteration < saved:
        return fault, Outcome.LOST, f'{saved} iterations saved, {iteration} resumed'
    weights = final_weights(work)
    other = [n for n, t in task.weights.items() if not torch.equal(t, weights[n])]
    if other or weights.keys() != task.weights.keys():
        return fault, Outcome.SILENT, f'differs: {", ".join(other[:5])}'
    return fault, Outcome.SURVIVED, f'from iteration {iteration}'


def make_fault(
    task: Task, kind: str, work: Path, log: Path, own: random.Random
) -> tuple[str, Callable[[int, float], bool] | None, int | None]:
    """What is done, in words, and how: a killer, or a limit of bytes a file."""
    if kind == 'disk full':
        limit = own.randrange(task.bytes * 6 // 10, task.bytes)
        return f'files of {limit} bytes at most', None, limit
    if kind in ('kill', WORKER):
        steps, later = own.randrange(16), own.uniform(0, task.seconds / 30)
        whom = end if kind == 'kill' else end_worker
        reached: list[float] = []

        def kill(process: int, seconds: float) -> bool:
            if not reached and log.is_file():
                if log.read_text(errors='replace').count('Epoch(train)') >= steps:
                    reached.append(seconds)
            return bool(reached) and seconds - reached[0] >= later and whom(process)

        return f'SIGKILL {later:.3f} s after iteration {steps}', kill, None
    number = own.randrange(1, 9)
    seen: set[str] = set()

    def kill_in_save(process: int, seconds: float) -> bool:
        seen.update(path.name for path in work.glob('.*.tmp'))
        return len(seen) >= number and end(process)

    return f'SIGKILL in save {number}', kill_in_save, None


def end(process: int) -> bool:
    """Kill a run and its workers."""
    os.killpg(process, signal.SIGKILL)
    return True


def end_worker(process: int) -> bool:
    """Kill a process that loads data; False while there is none.

    A run starts other programs too, which have another command line.
    """
    own = Path(f'/proc/{process}/cmdline')
    try:
        for stat in Path('/proc').glob('[0-9]*/stat'):
            parent = stat.read_text().rpartition(')')[2].split()[1]
            line = stat.with_name('cmdline')
            if int(parent) == process and line.read_bytes() == own.read_bytes():
                os.kill(int(stat.parent.name), signal.SIGKILL)
                return True
    except (FileNotFoundError, ProcessLookupError):  # one has just ended
        return False
    return False


def unclear(ended: Ended) -> str:
    """The end of a run that shows no clear error of ours; empty where it does."""
    if ended.status != UNCAUGHT and REFUSAL.search(ended.log):
        return ''
    return ended.log[-500:]


def checkpoints(work: Path) -> list[Path]:
    """Files that a run can go on from, by their names."""
    return [*work.glob('epoch_*.pth'), *work.glob('iter_*.pth')]


def newest(work: Path) -> int:
    """Iterations in the newest whole file of a run, read apart from mmadapt."""
    found = [0]
    for file in checkpoints(work):
        try:
            found.append(torch.load(file, weights_only=True)['meta']['iter'])
        except Exception as error:  # under its own name a file has to be whole
            raise RuntimeError(f'{file} is torn ({error})') from error
    return max(found)


def final_weights(work: Path) -> dict[str, torch.Tensor]:
    """Weights, averages and momentum in the last file of a run."""
    contents = [torch.load(file, weights_only=True) for file in checkpoints(work)]
    last = max(contents, key=lambda content: content['meta']['iter'])
    weights = {
        f'{part}.{name}': tensor
        for part in ('state_dict', 'ema_state_dict')
        for name, tensor in last[part].items()
    }
    for index, state in last['optimizer']['state'].items():
        weights[f'momentum.{index}'] = state['momentum_buffer']
    return weights
