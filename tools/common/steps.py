"""Runs commands that depend on each other, a few at a time, each at most once."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .children import ending_with

THREADS = ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS')
PROGRESS = re.compile(r'step \d+/\d+|Epoch\(train\) +\[\d+\]')
HEARTBEAT = 20  # seconds between two lines that say how far the running steps are


class StepError(RuntimeError):
    """A command failed; the text has the end of its log."""


@dataclass(frozen=True)
class Step:
    """One command.

    Args:
        name: Unique; also the name of its log.
        title: What a user reads.
        command: Program and arguments. A Path whose name has a ``*`` stands for the
            newest file that matches when the step starts.
        needs: Names of the steps that must be done before.
        inputs: Files that decide the result: when one changes, the step runs again.
        folder: A folder of the step's own, emptied before it starts.
        outputs: Files or folders that are there when it is done.
        resumes: Whether the command goes on from what it finds in the folder, which is
            then emptied only where it is of another command or of other inputs.
    """

    name: str
    title: str
    command: tuple[str | Path, ...]
    needs: tuple[str, ...] = ()
    inputs: tuple[Path, ...] = ()
    folder: Path | None = None
    outputs: tuple[Path, ...] = ()
    resumes: bool = False


@dataclass
class Running:
    """A step under way."""

    step: Step
    process: subprocess.Popen[bytes]
    started: float
    signature: str
    cpu_seconds: float = 0.0
    peak_bytes: int = 0

    def has_ended(self) -> bool:
        """Whether the process is over; reads its CPU time and memory when it is."""
        pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
        if pid == 0:
            return False
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        # Kibibytes on Linux, bytes on macOS (getrusage(2) of each).
        self.peak_bytes = usage.ru_maxrss * (1 if sys.platform == 'darwin' else 1024)
        return True


class Steps:
    """Runs steps and remembers which are done.

    Args:
        steps: In order of preference; of those that are ready the first one starts.
        folder: For logs and marks.
        jobs: How many run at once.
        threads: Of each of them.
    """

    def __init__(
        self, steps: Sequence[Step], folder: Path, jobs: int, threads: int = 1
    ) -> None:
        self.steps = {step.name: step for step in steps}
        self.folder = folder
        self.jobs = jobs
        self.threads = threads
        self.start = time.monotonic()
        self.running: list[Running] = []
        self.done: set[str] = set()

    def run(self) -> None:
        """Runs what isn't done yet.

        Raises:
            StepError: A command failed. The others are ended first.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.done = {name for name in self.steps if self._is_whole(name)}
        if self.done:
            self.say(f'{len(self.done)} of {len(self.steps)} steps are done already')
        spoke = time.monotonic()
        try:
            while len(self.done) < len(self.steps):
                while len(self.running) < self.jobs and (step := self._next()):
                    self._launch(step)
                time.sleep(0.1)
                for one in [r for r in self.running if r.has_ended()]:
                    self._finish(one)
                    spoke = time.monotonic()
                if time.monotonic() - spoke > HEARTBEAT:
                    spoke = time.monotonic()
                    self.say('... ' + '; '.join(self._progress()))
        finally:
            for one in self.running:
                one.process.terminate()
            for one in self.running:
                one.process.wait()

    def cpu_seconds(self, name: str) -> float:
        """CPU time of a finished step, which other work on the machine leaves alone."""
        return float(self.measured(name)['cpu_seconds'])

    def measured(self, name: str) -> dict[str, float]:
        """``seconds``, ``cpu_seconds`` and ``peak_bytes`` of a finished step."""
        mark: dict[str, float] = json.loads(self._mark(name).read_text())
        return mark

    def log(self, name: str) -> Path:
        """What a step printed."""
        return self.folder / f'{name}.log'

    def say(self, text: str) -> None:
        """Prints a line with the time since the start."""
        minutes, seconds = divmod(int(time.monotonic() - self.start), 60)
        print(f'[{minutes}:{seconds:02d}] {text}', flush=True)

    def signature(self, name: str) -> str:
        """Hash of a step's command, its input files and all it depends on."""
        step = self.steps[name]
        digest = hashlib.sha256(repr([str(part) for part in step.command]).encode())
        for path in step.inputs:
            digest.update(path.read_bytes())
        for need in step.needs:
            digest.update(self.signature(need).encode())
        return digest.hexdigest()

    def _mark(self, name: str) -> Path:
        return self.folder / f'{name}.done.json'

    def _is_whole(self, name: str) -> bool:
        mark, step = self._mark(name), self.steps[name]
        return (
            mark.is_file()
            and json.loads(mark.read_text())['signature'] == self.signature(name)
            and all(path.exists() for path in step.outputs)
            and all(self._is_whole(need) for need in step.needs)
        )

    def _next(self) -> Step | None:
        busy = {one.step.name for one in self.running}
        for step in self.steps.values():
            ready = all(need in self.done for need in step.needs)
            if ready and step.name not in self.done | busy:
                return step
        return None

    def _launch(self, step: Step) -> None:
        self._mark(step.name).unlink(missing_ok=True)
        signature = self.signature(step.name)  # of the files as this run reads them
        if step.folder is not None:
            started = self.folder / f'{step.name}.started'
            goes_on = started.is_file() and started.read_text() == signature
            if not (step.resumes and goes_on):
                shutil.rmtree(step.folder, ignore_errors=True)
            started.write_text(signature)
        with self.log(step.name).open('wb') as log:
            process = subprocess.Popen(
                [newest(part) for part in step.command],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **dict.fromkeys(THREADS, str(self.threads))},
                preexec_fn=ending_with(os.getpid()),
            )
        self.running.append(Running(step, process, time.monotonic(), signature))

    def _finish(self, one: Running) -> None:
        self.running.remove(one)
        step, seconds = one.step, time.monotonic() - one.started
        log = self.log(step.name)
        lost = [path for path in step.outputs if not path.exists()]
        if (code := one.process.returncode) or lost:
            why = f'exit status {code}' if code else f'it left no {lost[0]}'
            raise StepError(
                f'{step.title} failed ({why}). The end of {log}:\n\n{tail(log)}\n\n'
                'What is done is kept: mend the cause and run the same command again.'
            )
        mark = {
            'signature': one.signature,
            'seconds': round(seconds, 1),
            'cpu_seconds': round(one.cpu_seconds, 2),
            'peak_bytes': one.peak_bytes,
        }
        partial = self._mark(step.name).with_suffix('.partial')
        partial.write_text(json.dumps(mark))
        partial.replace(self._mark(step.name))
        self.done.add(step.name)
        self.say(
            f'{step.title}: {seconds:.0f} s ({len(self.done)}/{len(self.steps)} done)'
        )

    def _progress(self) -> list[str]:
        return [
            f'{one.step.title} {progress(self.log(one.step.name))}'
            for one in self.running
        ]


def newest(part: str | Path) -> str:
    """A part of a command; a pattern becomes the newest file that matches."""
    if isinstance(part, str) or '*' not in part.name:
        return str(part)
    found = sorted(part.parent.glob(part.name), key=lambda path: path.stat().st_mtime)
    if not found:
        raise StepError(f'no file {part}: the step that writes it left none.')
    return str(found[-1])


def tail(log: Path, lines: int = 30) -> str:
    """The last lines of a log."""
    return '\n'.join(log.read_text(errors='replace').splitlines()[-lines:])


def progress(log: Path) -> str:
    """The last step or epoch that a log names, or 'starting'."""
    found = PROGRESS.findall(log.read_text(errors='replace'))
    if not found:
        return 'starting'
    epoch = re.fullmatch(r'Epoch.*\[(\d+)\]', found[-1])
    return f'epoch {epoch[1]}' if epoch else found[-1]


def python(script: Path, *arguments: str | Path) -> tuple[str | Path, ...]:
    """The command that runs a script by this very Python."""
    return (sys.executable, '-W', 'ignore', script, *arguments)
