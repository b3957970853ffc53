"""Errors of mmadapt: what was given, what is allowed, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Literal
from unicodedata import is_normalized, normalize

__all__ = [
    'AdaptError',
    'BrokenFileError',
    'ConfigError',
    'DataError',
    'FrozenTrunkError',
    'HangingFileError',
    'ListError',
    'NonFiniteError',
    'StorageError',
    'TaskFileError',
    'UntrustedFileError',
    'WeightsError',
    'class_name',
    'did_you_mean',
]


class AdaptError(Exception):
    """Base class of every error that mmadapt raises on purpose."""


class ConfigError(AdaptError, ValueError):
    """A value in a config, or an argument, that can't be obeyed."""


class DataError(AdaptError, RuntimeError):
    """A dataset, a list or a sample that can't be read."""


class BrokenFileError(DataError):
    """A photo or clip that can't be read, for a reason that lies in the file."""


class HangingFileError(BrokenFileError):
    """A file whose decoder came to no end."""


class ListError(DataError):
    """A list of samples with lines that can't be obeyed.

    Args:
        text: The whole message.
        problems: Each of them, with its line; the message may name the first alone.
    """

    def __init__(self, text: str, problems: Iterable[str] = ()) -> None:
        super().__init__(text)
        self.problems = list(problems) or [text]


class WeightsError(AdaptError, RuntimeError):
    """A checkpoint that is missing, broken, or doesn't cover the trunk."""


class NonFiniteError(AdaptError, ArithmeticError):
    """A loss or a gradient that is infinite or not a number."""


class StorageError(AdaptError, OSError):
    """A file that can't be written: a full disk, a limit, a folder that is gone."""


class TaskFileError(AdaptError, RuntimeError):
    """A task file that doesn't belong to the model it is loaded into."""


class UntrustedFileError(AdaptError, RuntimeError):
    """A checkpoint that would have to be unpickled and wasn't trusted by name."""


class FrozenTrunkError(AdaptError, RuntimeError):
    """A frozen trunk that changed, or that never got its weights."""


def class_name(kind: type) -> str:
    """A class with its module: its own name alone may be that of several."""
    return f'{kind.__module__}.{kind.__qualname__}'


def did_you_mean(given: object, allowed: Iterable[object]) -> str:
    """A closing sentence naming the nearest allowed value, or an empty string.

    Of two names that are the same but for their Unicode form it says so: they look
    alike.

    Args:
        given: What the user wrote.
        allowed: The values that would have been accepted.
    """
    names = [str(name) for name in allowed]
    for name in names:
        if normalize('NFC', name) == normalize('NFC', str(given)) and name != str(
            given
        ):
            return (
                f' It looks like {name!r}, but their Unicode forms differ: what was '
                f'given is {str(given)!a} ({unicode_form(str(given))}), what is '
                f'allowed is {name!a} ({unicode_form(name)}). Write or rename one '
                'of them like the other.'
            )
    near = get_close_matches(str(given), names, n=1)
    return f" Did you mean '{near[0]}'?" if near else ''


def unicode_form(text: str) -> str:
    """``'NFC'`` where letters hold their accents, ``'NFD'`` where accents follow."""
    form: Literal['NFC', 'NFD']
    for form in ('NFC', 'NFD'):
        if is_normalized(form, text):
            return form
    return 'partly NFC, partly NFD'
