"""How blocks are to be compiled: the options of ``torch.compile``, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch

from ..errors import ConfigError, did_you_mean

__all__ = ['CompileOptions', 'read_options']

INDUCTOR = 'inductor'


@dataclass(frozen=True)
class CompileOptions:
    """Options of :func:`torch.compile`, hashable.

    Attributes:
        backend: What makes code of a graph.
        mode: Of ``'inductor'``: what it looks for.
        dynamic: Whether sizes are left open: None where they were seen to change.
        fullgraph: Whether it is an error that a block is more than one graph.
        options: Of ``'inductor'``, as pairs.
    """

    backend: str = INDUCTOR
    mode: str | None = None
    dynamic: bool | None = None
    fullgraph: bool = False
    options: tuple[tuple[str, Any], ...] = ()

    def as_arguments(self) -> dict[str, Any]:
        """Arguments of :func:`torch.compile`."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**given, 'options': dict(self.options) or None}


def read_options(compile_blocks: object) -> CompileOptions | None:
    """What ``compile_blocks`` says.

    Args:
        compile_blocks: False, True, or a dict of ``backend``, ``mode``, ``dynamic``,
            ``fullgraph`` and ``options``, as :func:`torch.compile` takes them.

    Returns:
        None for False.

    Raises:
        ConfigError: Anything else, or a value of another type or one that torch
            doesn't know.
    """
    if compile_blocks is False:
        return None
    if compile_blocks is not True and not isinstance(compile_blocks, Mapping):
        raise ConfigError(
            f'compile_blocks={compile_blocks!r}: False, True, or a dict of '
            f'{", ".join(allowed_names())}, options of torch.compile.'
        )
    given = {} if compile_blocks is True else dict(compile_blocks)  # type: ignore[call-overload]
    for name in given:
        if name not in allowed_names():
            raise ConfigError(
                f'compile_blocks has no option {name!r}; allowed: '
                f'{", ".join(allowed_names())}.{did_you_mean(name, allowed_names())}'
            )
    check_values(given)
    own = given.get('options') or {}
    return CompileOptions(**{**given, 'options': tuple(sorted(own.items()))})


def allowed_names() -> list[str]:
    """The names of the options."""
    return [field.name for field in fields(CompileOptions)]


def check_values(given: Mapping[str, Any]) -> None:
    """Refuse values of another type, and those that torch doesn't know.

    Raises:
        ConfigError: With the value and what is allowed.
    """
    for name, kinds, words in (
        ('backend', str, 'a name'),
        ('mode', (str, type(None)), 'a name or None'),
        ('dynamic', (bool, type(None)), 'True, False or None'),
        ('fullgraph', bool, 'True or False'),
        ('options', (Mapping, type(None)), 'a dict or None'),
    ):
        if name in given and not isinstance(given[name], kinds):  # type: ignore[arg-type]
            raise ConfigError(f'compile_blocks.{name}={given[name]!r}: {words}.')
    backend = given.get('backend', INDUCTOR)
    known = torch.compiler.list_backends(exclude_tags=())
    if backend not in known:
        raise ConfigError(
            f'compile_blocks.backend={backend!r} is not known; allowed: '
            f'{", ".join(known)}.{did_you_mean(backend, known)}'
        )
    if backend == 'cudagraphs':
        refuse_graphs("backend='cudagraphs'")
    chosen = [name for name in ('mode', 'options') if given.get(name)]
    if not chosen:
        return
    if backend != INDUCTOR or len(chosen) > 1:
        raise ConfigError(
            f'compile_blocks with {" and ".join(chosen)}, backend={backend!r}: one of '
            f"the two, and for backend={INDUCTOR!r} alone. Leave one out; a mode's "
            'options are printed by torch._inductor.list_mode_options().'
        )
    check_inductor(chosen[0], given[chosen[0]])
    if uses_graphs(chosen[0], given[chosen[0]]):
        refuse_graphs(f'{chosen[0]}={given[chosen[0]]!r}')


def check_inductor(name: str, value: Any) -> None:
    """Refuse a mode, or options, that inductor doesn't take.

    Raises:
        ConfigError: With the nearest name.
    """
    from torch import _inductor as inductor  # several seconds, where it is new

    known = list(
        inductor.list_mode_options() if name == 'mode' else inductor.list_options()
    )
    for one in [value] if name == 'mode' else value:
        if one not in known:
            names = ', '.join(known) if name == 'mode' else 'torch._inductor.config'
            raise ConfigError(
                f'compile_blocks.{name}: inductor knows no {one!r}; allowed: {names}.'
                f'{did_you_mean(one, known)}'
            )
    if name == 'options':
        try:
            torch.compile(torch.relu, options=dict(value))
        except RuntimeError as error:
            raise ConfigError(f'compile_blocks.options: {error}') from error
        for option, setting in value.items():
            check_hashable(option, setting)


def uses_graphs(name: str, value: Any) -> bool:
    """Whether a mode, or options, of inductor are with CUDA graphs."""
    from torch import _inductor as inductor

    options = inductor.list_mode_options(value) if name == 'mode' else value
    return bool(options.get('triton.cudagraphs'))


def refuse_graphs(what: str) -> None:
    """Refuse CUDA graphs, which keep the output of a code in one place.

    All blocks of a kind are one code, each of which would write over what the block in
    front of it has handed on: torch's issues 152887 and 160281.

    Raises:
        ConfigError: With the mode that does without.
    """
    raise ConfigError(
        f'compile_blocks.{what}: CUDA graphs keep one output for all blocks of a kind. '
        "Take mode='max-autotune-no-cudagraphs', or leave it out."
    )


def check_hashable(option: str, setting: object) -> None:
    """Refuse a list or dict: by its options a code is found again.

    Raises:
        ConfigError: With the place where torch takes it.
    """
    try:
        hash(setting)
    except TypeError as error:
        raise ConfigError(
            f'compile_blocks.options.{option}={setting!r}: lists and dicts are not '
            f'taken here. Set torch._inductor.config.{option} before the run, in a '
            'module of custom_imports.'
        ) from error
