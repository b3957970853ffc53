"""Which options a class of the libraries takes."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from mmengine.hooks import CheckpointHook
from mmengine.registry import Registry
from mmengine.runner import Runner

__all__ = ['LIBRARIES', 'find_class', 'known_names', 'options_of']

LIBRARIES = ('mmengine', 'mmpretrain', 'mmaction')

Options = dict[str, inspect.Parameter]


def find_class(registry: Registry, kind: Any) -> Any:
    """What a ``type`` means under the current scope, None where that can't be told.

    A name with the prefix of another package, such as ``'timm.resnet50'``, is left to
    the library that knows the prefix.
    """
    if not isinstance(kind, str):
        return kind if callable(kind) else None
    if '.' in kind and kind.split('.')[0] not in LIBRARIES:
        return None
    try:
        with registry.switch_scope_and_registry(None) as here:
            return here.get(kind)
    except (ImportError, RuntimeError):  # a prefix whose package isn't there
        return None


def known_names(registry: Registry) -> list[str]:
    """The plain names that mean something under the current scope."""
    names: list[str] = []
    with registry.switch_scope_and_registry(None) as here:
        node: Registry | None = here
        while node is not None:
            names += node.module_dict
            node = node.parent
    return names


def options_of(target: Any) -> tuple[Options, bool]:
    """The parameters of a class or function, and whether it may take others too.

    ``**kwargs`` that a constructor does nothing with but hand them to its parent mean
    the parent's parameters; any other use of them may take anything.
    """
    if not inspect.isclass(target):
        return own_options(target)[:2]
    found: Options = {}
    for parent in target.__mro__:
        if parent is object:
            return found, any('__new__' in vars(one) for one in target.__mro__[:-1])
        init = vars(parent).get('__init__')
        if init is None:
            continue
        options, is_open, rest = own_options(init)
        found = {**options, **found}
        if parent is CheckpointHook:  # keeps the rest for the runner
            return {**own_options(Runner.save_checkpoint)[0], **found}, False
        if not is_open:
            return found, False
        if not hands_up(init, rest):
            return found, True
    return found, True


def own_options(function: Callable[..., Any]) -> tuple[Options, bool, str]:
    """Named parameters, whether there are ``**kwargs``, and how those are called."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # written in C
        return {}, True, ''
    named, rest = {}, ''
    for name, parameter in parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            rest = name
        elif parameter.kind is not parameter.VAR_POSITIONAL and name != 'self':
            named[name] = parameter
    return named, bool(rest), rest


def hands_up(init: Callable[..., Any], rest: str) -> bool:
    """Whether ``super().__init__(**rest)`` is all that a constructor does with them."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(init)))
    except (OSError, SyntaxError, TypeError):
        return False
    uses = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == rest]
    handed = [
        keyword.value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and is_parent(ast.unparse(call.func))
        for keyword in call.keywords
        if keyword.arg is None and isinstance(keyword.value, ast.Name)
        if keyword.value.id == rest
    ]
    return bool(handed) and len(handed) == len(uses)


def is_parent(called: str) -> bool:
    """Whether what is called is the parent's constructor."""
    return called.startswith('super(') and called.endswith(').__init__')
