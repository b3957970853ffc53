"""How far a long step is, on a terminal and in a file."""

from __future__ import annotations

import io

from mmadapt.datasets.official import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_each_tenth_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    with Progress(1000, 'reading', stream) as bar:
        for _ in range(1000):
            bar.advance()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[4].startswith('reading: [###############   ')
    assert ' 50%, ' in lines[4]


def test_one_line_on_a_terminal() -> None:
    stream = Terminal()
    with Progress(3, 'reading', stream) as bar:
        bar.update(99)
    assert stream.getvalue().count('\n') == 1
    assert '100%, 0 s left' in stream.getvalue()


def test_nothing_to_do() -> None:
    with Progress(0, 'reading', io.StringIO()):
        pass
