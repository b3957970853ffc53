"""The methods of the paper's Table 1, as changes to any config with an adapter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmadapt.config import load_config
from mmadapt.errors import ConfigError

Change = Callable[[Mapping[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Method:
    """One way to adapt.

    Attributes:
        name: On the command line and in file names.
        title: What a user reads.
        change: From the config's own adapter options to those of its backbone.
    """

    name: str
    title: str
    change: Change


def bottleneck(size: int) -> Change:
    """AdaptFormer with the config's own options but for the bottleneck."""
    return lambda own: {'adapter': {**own, 'bottleneck': size}}


METHODS = {
    method.name: method
    for method in (
        Method('full', 'full', lambda own: {'adapter': None, 'trainable': 'all'}),
        Method('linear', 'linear', lambda own: {'adapter': None}),
        Method('vpt', 'VPT-1', lambda own: {'adapter': {'type': 'VPT'}}),
        Method('adaptformer-1', 'AdaptFormer-1', bottleneck(1)),
        Method('adaptformer-4', 'AdaptFormer-4', bottleneck(4)),
        Method('adaptformer-64', 'AdaptFormer-64', bottleneck(64)),
    )
}
"""By name, in the order of Table 1."""


def vpt(tokens: int) -> Method:
    """Visual prompt tuning with another number of prompts."""
    name = f'vpt-{tokens}'
    options = {'type': 'VPT', 'num_tokens': tokens}
    return Method(name, f'VPT-{tokens}', lambda own: {'adapter': options})


def find_method(name: str) -> Method:
    """A method by its name; ``vpt-N`` has N prompts.

    Raises:
        ConfigError: With the known names.
    """
    kind, _, tokens = name.partition('-')
    if kind == 'vpt' and tokens.isdigit() and int(tokens):
        return vpt(int(tokens))
    if name not in METHODS:
        raise ConfigError(
            f'method {name!r} is not known; allowed: {", ".join(METHODS)}, and vpt-N '
            'for N prompts.'
        )
    return METHODS[name]


def write_config(base: Path, method: Method, file: Path) -> None:
    """An ordinary config: ``base`` with another method; kept where it is the same.

    Args:
        base: A config whose backbone takes an adapter.
        method: The method.
        file: Where to write it.

    Raises:
        ConfigError: The base's backbone takes no adapter.
    """
    backbone = load_config(base).get('model', {}).get('backbone', {})
    if 'adapter' not in backbone:
        raise ConfigError(
            f'{base}: model.backbone has no adapter. Give a config whose backbone is '
            'an AdaptFormerViT or an AdaptedBackbone.'
        )
    own = dict(backbone['adapter'] or {})
    if own.get('type', 'AdaptMLP') != 'AdaptMLP':
        own = {}
    changed = method.change(own)
    if changed.get('trainable') == 'all' and backbone.get('frozen_dtype'):
        changed['frozen_dtype'] = None  # nothing is frozen
    if changed.get('adapter'):
        changed['adapter'] = {'_delete_': True, **changed['adapter']}
    text = (
        f'"""{method.title}, else as {base.name}."""\n\n'
        f'_base_ = {str(base.resolve())!r}\n'
        f'model = {{"backbone": {changed!r}}}\n'
    )
    if not file.is_file() or file.read_text() != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
