"""Weights that an inner backbone's config names itself, past every check of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.logging import print_log

from ..errors import ConfigError

__all__ = ['check_own_weights', 'find_own_weights', 'without_own_weights']

OFF: dict[str, Any] = {
    'pretrained': None,
    'pretrained_type': None,
    'checkpoint_path': '',
}
"""Options by which backbones load weights of their own, and what switches them off."""


def find_own_weights(backbone: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a backbone's config that name weights, and what they name.

    Args:
        backbone: The inner backbone's config.
    """
    found = {name: backbone[name] for name in OFF if backbone.get(name)}
    loading = [entry for entry in entries(backbone.get('init_cfg')) if loads(entry)]
    if loading:
        found['init_cfg'] = loading[0].get('checkpoint')
    return found


def without_own_weights(backbone: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a backbone's config that names no weights; initialisers stay.

    Args:
        backbone: The inner backbone's config.
    """
    found = find_own_weights(backbone)
    bare = dict(backbone)
    for name in found.keys() & OFF.keys():
        bare[name] = False if isinstance(bare[name], bool) else OFF[name]
    if 'init_cfg' in found:
        rest = [e for e in entries(bare.pop('init_cfg')) if not loads(e)]
        if rest:  # else the class's own initialisers: MViT can't do with None
            bare['init_cfg'] = rest
    return bare


def check_own_weights(
    backbone: Mapping[str, Any], init_cfg: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The config of an inner backbone that loads nothing by itself.

    Where the outer ``init_cfg`` says where the trunk comes from, what the inner one
    names is dropped, and a line of the log says so: most configs of the zoos name the
    file that their own training started from.

    Args:
        backbone: The inner backbone's config.
        init_cfg: The adapted backbone's own.

    Raises:
        ConfigError: The inner config names weights, and the outer one none.
    """
    found = find_own_weights(backbone)
    if not found:
        return dict(backbone)
    named = ', '.join(f'{name}={value!r}' for name, value in found.items())
    if not init_cfg:
        raise ConfigError(
            f'the inner backbone names weights of its own, {named}, AdaptedBackbone '
            "none. Give AdaptedBackbone init_cfg=dict(type='PretrainedTrunk', "
            'checkpoint=FILE), which is checked and takes their place.'
        )
    print_log(
        f'{backbone["type"]}: {named} of the inner backbone is left out; '
        f'init_cfg={dict(init_cfg)!r} is the trunk',
        logger='current',
    )
    return without_own_weights(backbone)


def entries(init_cfg: Any) -> list[Any]:
    """The parts of an init_cfg, which may be one, several or none."""
    return list(init_cfg) if isinstance(init_cfg, list | tuple) else [init_cfg]


def loads(entry: Any) -> bool:
    """Whether a part of an init_cfg loads a file."""
    return isinstance(entry, Mapping) and entry.get('type') == 'Pretrained'
