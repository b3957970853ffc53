"""Parts of a config that don't say what they are, or are no part at all."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.registry import MODELS, Registry

from ..errors import ConfigError
from .accepts import LIBRARIES, find_class, known_names, options_of
from .data import scope_of
from .option_roles import default_type, registry_of
from .places import Node, walk
from .top_names import is_slip

__all__ = ['check_kinds']

LOADER = r'(train|val|test)_dataloader'

DICTS = (
    rf'model|optim_wrapper|optim_wrapper\.optimizer|{LOADER}|{LOADER}\.dataset|'
    rf'{LOADER}\.(batch_)?sampler|(train|val|test)_cfg|default_hooks(\.\w+)?|env_cfg|'
    r'custom_hooks\.\d+|param_scheduler\.\d+|(val|test)_evaluator\.\d+|visualizer|'
    rf'visualizer\.vis_backends\.\d+|log_processor|{LOADER}\.dataset\.pipeline\.\d+|'
    r'strategy'
)
"""Parts that are dicts; an object is left to the runner, and None leaves one out."""

LISTS = rf'custom_hooks|visualizer\.vis_backends|{LOADER}\.dataset\.pipeline'

EITHER = r'param_scheduler|(val|test)_evaluator'

BELOW_MODEL = r'(?P<parent>model(\..*)?)\.(backbone|neck|head|cls_head|loss|loss_cls)'
"""Parts of a model that the libraries' own classes build by their type."""

UNREAD = {
    'train': 'test_',
    'test': 'train_|val_|optim_wrapper|param_scheduler',
    'predict': '(?!model)',
}
"""What starts with this isn't read in a phase."""

PLAIN = (str, int, float)

NAMED = 8
"""Types that an error suggests."""


def check_kinds(cfg: Config, phase: str = 'train') -> None:
    """Refuse parts without a ``type``, and what is there in place of a part.

    MMEngine says ``KeyError: type``, and not of which part.

    Args:
        cfg: A config, after ``--cfg-options``.
        phase: ``'train'``, ``'test'`` or ``'predict'``: whose parts are looked at.

    Raises:
        ConfigError: With the part, and what it may be.
    """
    scope = cfg.get('default_scope')
    if scope is not None and not isinstance(scope, str):
        raise ConfigError(
            f'{file_of(cfg)}: default_scope is {shown(scope)}; allowed: the name of a '
            "library, 'mmpretrain' or 'mmaction'."
        )
    with scope_of(cfg):
        for name in cfg:
            if re.match(UNREAD[phase], name):
                continue
            for path, value in values(cfg[name], name):
                check_container(cfg, path, value)
                if isinstance(value, Mapping):
                    check_dataset(cfg, path, value)
            for path, node in walk(cfg[name], name):
                check_type(cfg, path, node)


def values(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Everything in a part of a config, with its dotted path."""
    yield path, node
    if isinstance(node, Mapping):
        inner: Any = node.items()
    else:
        inner = enumerate(node) if isinstance(node, (list, tuple)) else ()
    for key, value in inner:
        yield from values(value, f'{path}.{key}')


def check_container(cfg: Config, path: str, value: Any) -> None:
    """Refuse a list, a text or a number where there has to be a dict, and so on."""
    is_list, is_plain = isinstance(value, (list, tuple)), isinstance(value, PLAIN)
    wanted = ''
    if re.fullmatch(DICTS, path) and (is_list or is_plain):
        wanted = 'a dict'
    elif re.fullmatch(LISTS, path) and (isinstance(value, Mapping) or is_plain):
        wanted = 'a list of dicts'
    elif is_plain and (re.fullmatch(EITHER, path) or is_model_part(cfg, path)):
        wanted = 'a dict, or a list of dicts'
    if wanted:
        raise ConfigError(
            f'{file_of(cfg)}: {path} is {shown(value)}; allowed: {wanted}.'
        )


def check_dataset(cfg: Config, path: str, node: Mapping[str, Any]) -> None:
    """Refuse a dataloader without data."""
    if re.fullmatch(LOADER, path) and node.get('dataset') is None:
        raise ConfigError(
            f'{file_of(cfg)}: {path} has no dataset. Give it one, '
            f'{path}.dataset=dict(type=NAME, ...).'
        )


def check_type(cfg: Config, path: str, node: Node) -> None:
    """Refuse a part without a ``type`` that isn't built without one."""
    if 'type' in node or not is_judged(cfg, path, node):
        return
    if path == 'train_cfg':
        raise ConfigError(
            f'{file_of(cfg)}: train_cfg is {shown(node)}, without by_epoch; allowed: '
            'by_epoch=True with max_epochs, by_epoch=False with max_iters, or a type.'
        )
    if path == 'strategy':  # judged by no registry: the libraries have none for it
        raise ConfigError(
            f'{file_of(cfg)}: strategy is {shown(node)}, without a type; allowed: '
            "type='ShardedStrategy', 'ZeroStrategy', or another of MMEngine's."
        )
    registry = registry_of(path)
    if registry is not None:
        slips = [
            f' {key!r} is read as an option.' for key in node if is_slip(key, 'type')
        ]
        raise ConfigError(
            f'{file_of(cfg)}: {path} is {shown(node)}, without a type, which says what '
            f'it is; allowed: that of any {registry.name}{suggested(registry, node)}.'
            f'{"".join(slips)} Where it replaces a part of a base config as a whole, '
            'give the type again.'
        )


def is_judged(cfg: Config, path: str, node: Node) -> bool:
    """Whether MMEngine, or a class of the libraries, needs the type of a part."""
    if default_type(path, node) or path == 'data_preprocessor':
        return False
    if path == 'train_cfg':  # max_iters alone makes a loop of iterations
        return 'max_iters' not in node
    if re.fullmatch(r'(val|test)_evaluator', path):
        return 'metrics' not in node
    if path == 'param_scheduler':  # else one list for each of several optimizers
        return not all(isinstance(one, (list, tuple, dict)) for one in node.values())
    return not path.startswith('model.') or is_model_part(cfg, path)


def is_model_part(cfg: Config, path: str) -> bool:
    """Whether a class of the libraries builds what is at a path."""
    found = re.fullmatch(BELOW_MODEL, path)
    if found is None:
        return False
    parent: Any = cfg
    for name in found['parent'].split('.'):
        parent = parent[int(name) if name.isdigit() else name]
    owner = find_class(MODELS, parent.get('type')) if hasattr(parent, 'get') else None
    return getattr(owner, '__module__', '').split('.')[0] in (*LIBRARIES, 'mmadapt')


def file_of(cfg: Config) -> str:
    """The config, for an error."""
    return str(cfg.filename or 'the config')


def shown(value: Any) -> str:
    """A value in one line, shortened."""
    plain = dict(value) if isinstance(value, Mapping) else value
    text = ' '.join(repr(plain).split())
    return text if len(text) <= 100 else f'{text[:97]}...'


def suggested(registry: Registry, node: Node) -> str:
    """Types that take what a part gives."""
    fitting = []
    for name in sorted(set(known_names(registry))):
        found = find_class(registry, name)
        options, is_open = options_of(found) if inspect.isclass(found) else ({}, True)
        if not is_open and set(node) <= {*options, 'priority', '_delete_'}:
            fitting.append(name)
    more = ', ...' if len(fitting) > NAMED else ''
    return f', such as {", ".join(fitting[:NAMED])}{more}' if fitting else ''
