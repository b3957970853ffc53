"""Command line arguments that the tools share, and what they change in a config."""

from __future__ import annotations

import os
import re
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config, ConfigDict, DictAction

from .config import load_config, merge_options
from .config.places import DATALOADERS
from .errors import ConfigError, did_you_mean
from .weights.reading import trust_checkpoint

__all__ = ['OptionAction', 'add_shared_arguments', 'loader_defaults', 'read_shared']

TEXTS = ('data_root', 'frame_store', 'load_from', 'split', 'trunk', 'work_dir')
TEXT_ENDINGS = ('.ann_dir', '.ann_file', '.checkpoint', '.data_root', '.frame_store')

SPACE = '\0'  # stands for a space where MMEngine would drop it; no argument holds it


class OptionAction(DictAction):
    """``KEY=VALUE ...`` as MMEngine reads it, but names of files as they are typed.

    MMEngine drops every space, makes a list of what holds a comma and a number of what
    looks like one, whatever the key.

    Raises:
        ConfigError: An option without ``=``, or with a bracket that isn't closed.
    """

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Add the options to those of the namespace."""
        options = dict(getattr(namespace, self.dest, None) or {})
        for value in [values] if isinstance(values, str) else values or ():
            key, sign, text = value.partition('=')
            if not sign or not key:
                raise ConfigError(
                    f'{option_string} {value!r} is not KEY=VALUE. Put quotes around '
                    'an option with spaces in it.'
                )
            options[key] = read_value(key, text)
        setattr(namespace, self.dest, options)


def read_value(key: str, text: str) -> Any:
    """The value of an option.

    Raises:
        ConfigError: A bracket that isn't closed.
    """
    if key in TEXTS or key.endswith(TEXT_ENDINGS):
        quoted = len(text) > 1 and text[0] == text[-1] and text[0] in '\'"'
        text = text[1:-1] if quoted else text
        return None if text == 'None' else text
    text = text.strip()
    if text[:1] in ('[', '(') or ',' in text:
        text = re.sub(r' *([\[\](),]) *', r'\1', text)
    try:
        return with_spaces(DictAction._parse_iterable(text.replace(' ', SPACE)))
    except AssertionError as error:
        raise ConfigError(
            f'--cfg-options {key}={text}: a bracket is not closed. A list is written '
            f'[1,2], without spaces or in quotes: "{key}=[1, 2]".'
        ) from error


def with_spaces(value: Any) -> Any:
    """A value that was read, with its spaces put back."""
    if isinstance(value, str):
        return value.replace(SPACE, ' ')
    if isinstance(value, (list, tuple)):
        return type(value)(with_spaces(entry) for entry in value)
    return value


def add_shared_arguments(parser: ArgumentParser) -> None:
    """Add what training and testing both take."""
    parser.add_argument('--work-dir', help='folder for logs and files')
    parser.add_argument('--amp', action='store_true', help='use mixed precision')
    parser.add_argument(
        '--no-pin-memory', action='store_true', help='no pinned memory in dataloaders'
    )
    parser.add_argument(
        '--no-persistent-workers',
        action='store_true',
        help='start new dataloader workers each epoch',
    )
    parser.add_argument(
        '--trust-checkpoint',
        metavar='PATH',
        action='append',
        default=[],
        help='a file that may be unpickled, which can run any code in it; once a file',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=OptionAction,
        metavar='KEY=VALUE',
        help='change the config: data_root=FOLDER trunk=FILE a.b.c=1 a.list=[1,2]',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started the processes of a distributed run',
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


def read_shared(args: Namespace) -> Config:
    """Read the config and apply the shared arguments, but ``--amp``.

    The work_dir is the one of the command line, else the config's, else
    ``work_dirs/<name of the config>``.

    Raises:
        ConfigError: No such config, or an option that means nothing.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    for path in args.trust_checkpoint:
        trust_checkpoint(path)
    cfg = load_config(args.config)
    merge_options(cfg, args.cfg_options)
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(args.config).stem)
    return cfg


def loader_defaults(cfg: Config, args: Namespace) -> None:
    """Give dataloaders the defaults of the libraries' own tools, in place.

    Raises:
        ConfigError: A dataloader without batch_size.
    """
    image = cfg.get('default_scope') == 'mmpretrain'
    for name in DATALOADERS:
        loader = cfg.get(name)
        if loader is None:
            continue
        if 'batch_size' not in loader and 'batch_sampler' not in loader:
            near = (k for k in loader if did_you_mean(k, ['batch_size']))
            slip = ''.join(f" It has '{k}': did you mean 'batch_size'?" for k in near)
            raise ConfigError(
                f'{cfg.filename or "the config"}: {name} has no batch_size.{slip}'
            )
        defaults = ConfigDict(pin_memory=torch.cuda.is_available())
        if loader.get('num_workers', 0):
            defaults.persistent_workers = True
        if image:
            defaults.collate_fn = {'type': 'default_collate'}
        defaults.update(loader)
        if args.no_pin_memory:
            defaults.pin_memory = False
        if args.no_persistent_workers:
            defaults.persistent_workers = False
        cfg[name] = defaults
