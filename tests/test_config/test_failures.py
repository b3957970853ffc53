"""What a library says of a config names the part, the place and what was meant."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config
from mmengine.registry import HOOKS, DefaultScope
from mmengine.runner import Runner

from mmadapt.config.failures import config_errors
from mmadapt.config.load import load_config
from mmadapt.errors import ConfigError, DataError

CFG = Config(
    {
        'default_scope': 'mmengine',
        'default_hooks': {'timer': {'type': 'IterTimerHok'}},
        'custom_hooks': [{'type': 'SyncBuffersHook', 'prioritty': 3}],
    }
)


def build(node: Any) -> None:
    with DefaultScope.overwrite_default_scope('mmengine'):
        HOOKS.build(dict(node))


@pytest.mark.parametrize(
    ('act', 'message'),
    [
        (
            lambda: build(CFG.default_hooks.timer),
            r"no hook is called 'IterTimerHok' \(default_hooks\.timer\.type\)\. "
            r"Did you mean 'IterTimerHook'\? \(.*registry.*, line \d+\)",
        ),
        (
            lambda: build(CFG.custom_hooks[0]),
            r"SyncBuffersHook \(custom_hooks\.0\) has no option 'prioritty'.*Did you "
            "mean 'priority'",
        ),
        (lambda: [][1], r'IndexError: list index out of range \(.*test_failures\.py'),
        (lambda: int('x'), r'ValueError: invalid literal.*test_failures\.py, line'),
        (lambda: next(iter(())), 'StopIteration: no reason given'),
    ],
)
def test_errors_of_libraries(act: Callable[[], Any], message: str) -> None:
    match = f'the config can not be obeyed: {message}'
    with pytest.raises(ConfigError, match=match), config_errors(CFG):
        act()


@pytest.mark.parametrize(
    'error', [DataError('ours'), OSError(errno.ENOSPC, 'no space'), MemoryError()]
)
def test_what_is_no_fault_of_the_config_stays(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, config_errors(CFG):
        raise error
    assert caught.value is error


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('x = 1 / 0\n', 'ZeroDivisionError: division by zero'),
        ('x = nowhere\n', "NameError: name 'nowhere' is not defined"),
        ("_base_ = ['c.py']\n", 'RecursionError'),
        ("_base_ = ['b.py']\na = dict(b=1)\n", 'TypeError: a='),
    ],
)
def test_a_config_that_fails_when_it_is_read(
    text: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / 'b.py').write_text('a = None\n')
    (tmp_path / 'c.py').write_text(text)
    with pytest.raises(ConfigError, match=rf'c\.py.* can not be read: {message}'):
        load_config(tmp_path / 'c.py')


def test_the_runner_has_these_parts() -> None:
    """The names above are MMEngine's."""
    assert {'default_hooks', 'custom_hooks'} <= set(Runner.__init__.__annotations__)
