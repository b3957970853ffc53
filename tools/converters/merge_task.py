"""Merge a trunk and a task file into one ordinary checkpoint.

``python tools/converters/merge_task.py CONFIG TASK OUT.pth`` writes ``OUT.pth`` with
all weights, and ``OUT.py``, a config without a trunk file that takes it in any plain
loader (``load_from``, ``mmpretrain.apis.get_model``,
``mmaction.apis.init_recognizer``). For linear probing and full fine-tuning that config
is of the library alone; with adapters it needs mmadapt, whose blocks it has.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

# Before a config is read: a base of another package needs the workarounds of mmadapt.
import mmadapt  # noqa: F401  # isort: skip
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

from mmadapt.apis import load_task
from mmadapt.arguments import OptionAction
from mmadapt.config import load_config, merge_options
from mmadapt.errors import AdaptError, ConfigError
from mmadapt.weights import read_checkpoint, trust_checkpoint
from mmadapt.weights.merge import merged_state, plain_model, with_float32_trunk


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Merge a trunk and a task file.')
    parser.add_argument('config', help='the config that the task was trained with')
    parser.add_argument('task', help='the task file')
    parser.add_argument('out', help='the checkpoint to write, OUT.pth')
    parser.add_argument(
        '--trust-checkpoint',
        metavar='PATH',
        action='append',
        default=[],
        help='a file that may be unpickled, which can run any code in it',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=OptionAction,
        metavar='KEY=VALUE',
        help='change the config, such as trunk=FILE',
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Build, load, merge and write checkpoint and config."""
    args = parse_args(argv)
    for path in args.trust_checkpoint:
        trust_checkpoint(path)
    out = Path(args.out)
    if out.suffix == '.py':
        raise ConfigError(
            f"OUT is '{out}': name the checkpoint; OUT.py lies beside it."
        )
    for written in (out, out.with_suffix('.py')):
        for read in (args.config, args.task):
            if written.resolve() == Path(read).resolve():
                raise ConfigError(
                    f"OUT is '{out}': it would be written over {read}. Choose another "
                    'name.'
                )
    cfg = load_config(args.config)
    merge_options(cfg, args.cfg_options)
    cfg.model = with_float32_trunk(cfg.model.to_dict())
    task = load_task(cfg, args.task, 'cpu')
    plain_cfg = without_trunk(task.cfg)
    with DefaultScope.overwrite_default_scope(plain_cfg.default_scope):
        plain = MODELS.build(plain_cfg.model)
    state = merged_state(task.model, plain)

    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f'{out.name}.partial')
    meta = read_checkpoint(args.task).get('meta', {})
    torch.save({'meta': meta, 'state_dict': state}, partial)
    partial.replace(out)
    plain_cfg.dump(out.with_suffix('.py'))
    print(f'{out}: {len(state)} tensors, {out.stat().st_size / 1e6:.1f} MB')
    print(f'{out.with_suffix(".py")}: its config')


def without_trunk(cfg: Config) -> Config:
    """A config whose model is plain and whose variables name no trunk file."""
    values = cfg.to_dict()
    values['model'] = plain_model(values['model'])
    for name in ('trunk', 'load_from'):
        values.pop(name, None)
    return Config(values)


if __name__ == '__main__':
    try:
        main()
    except AdaptError as error:
        sys.exit(f'{type(error).__name__}: {error}')
