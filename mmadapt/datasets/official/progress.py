"""How far a long step is."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TextIO

__all__ = ['Progress']

WIDTH = 30
PAUSE = 0.2  # seconds between two drawings


class Progress:
    """A bar on standard error; where that is no terminal, a line each tenth.

    Args:
        total: What is reached at the end.
        text: What is being done.
        stream: Where to; None takes standard error.
    """

    def __init__(self, total: int, text: str, stream: TextIO | None = None) -> None:
        self.total = max(total, 1)
        self.text = text
        self.stream = stream or sys.stderr
        self.done = 0
        self.live = self.stream.isatty()
        self._drawn = 0.0
        self._tenth = 0

    def __enter__(self) -> Progress:
        self._started = time.monotonic()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.update(self.total)
        if self.live:
            self.stream.write('\n')

    def update(self, done: int) -> None:
        """Say how much of ``total`` is done."""
        self.done = min(done, self.total)
        if self.live:
            now = time.monotonic()
            if now - self._drawn >= PAUSE or self.done == self.total:
                self._drawn = now
                self.stream.write(f'\r{self._line()}')
                self.stream.flush()
        elif 10 * self.done // self.total > self._tenth:
            self._tenth = 10 * self.done // self.total
            self.stream.write(f'{self._line()}\n')
            self.stream.flush()

    def advance(self, step: int = 1) -> None:
        """Say that ``step`` more is done."""
        self.update(self.done + step)

    def _line(self) -> str:
        share = self.done / self.total
        bar = '#' * round(WIDTH * share)
        left = (time.monotonic() - self._started) * (1 - share) / max(share, 1e-9)
        return f'{self.text}: [{bar:<{WIDTH}}] {share:4.0%}, {left:.0f} s left   '
