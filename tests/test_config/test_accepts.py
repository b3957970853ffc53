"""Which options a class takes, read from its constructors."""

from __future__ import annotations

from typing import Any

import pytest

from mmadapt.config.accepts import options_of


class Plain:
    def __init__(self, one: int, two: int = 2) -> None:
        self.values = one, two


class Forwards(Plain):
    def __init__(self, three: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.three = three


class Silent(Forwards):
    pass


class Uses(Plain):
    def __init__(self, three: int = 3, **kwargs: Any) -> None:
        self.four = kwargs.pop('four', 4)
        super().__init__(three, **kwargs)


class Swallows(Plain):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(1)


class Closed(Uses):
    def __init__(self, only: int) -> None:
        super().__init__(only)


def anything(one: int, **kwargs: Any) -> None: ...


@pytest.mark.parametrize(
    ('target', 'names', 'is_open'),
    [
        (Plain, {'one', 'two'}, False),
        (Forwards, {'one', 'two', 'three'}, False),
        (Silent, {'one', 'two', 'three'}, False),
        (Uses, {'three'}, True),
        (Swallows, set(), True),
        (Closed, {'only'}, False),
        (anything, {'one'}, True),
        (object, set(), False),
        (dict, set(), True),
    ],
)
def test_options_of(target: Any, names: set[str], is_open: bool) -> None:
    found, rest = options_of(target)
    assert ({*found}, rest) == (names, is_open)
