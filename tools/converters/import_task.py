"""Make a task file of the authors' fine-tuned checkpoint.

``python tools/converters/import_task.py CONFIG OFFICIAL OUT.pth`` builds CONFIG's model
with OFFICIAL as its trunk, takes adapters and head from the same file, and writes what
``tools/test.py CONFIG OUT.pth --cfg-options trunk=OFFICIAL`` and the others read.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

# Before a config is read: a base of another package needs the workarounds of mmadapt.
import mmadapt  # noqa: F401  # isort: skip
import torch
from mmengine.registry import MODELS, DefaultScope

from mmadapt.arguments import OptionAction
from mmadapt.config import load_config, merge_options, resolve_config
from mmadapt.errors import AdaptError, ConfigError, WeightsError
from mmadapt.weights import load_weights, task_state, trust_checkpoint
from mmadapt.weights.task_file import without_counters


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Make a task file of an official checkpoint.')
    parser.add_argument('config', help='a config of the same adapters and classes')
    parser.add_argument('checkpoint', help="the authors' file, adapters and head in it")
    parser.add_argument('out', help='the task file to write, OUT.pth')
    parser.add_argument('--trust-checkpoint', action='store_true', help='unpickle it')
    parser.add_argument(
        '--cfg-options', nargs='+', action=OptionAction, metavar='KEY=VALUE'
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Build, load, and write what was trained."""
    args = parse_args(argv)
    out = Path(args.out)
    if out.resolve() == Path(args.checkpoint).resolve() or out.suffix == '.py':
        raise ConfigError(f"OUT is '{out}': name a new .pth file.")
    if args.trust_checkpoint:
        trust_checkpoint(args.checkpoint)
    cfg = load_config(args.config)
    merge_options(cfg, {**(args.cfg_options or {}), 'trunk': args.checkpoint})
    cfg = resolve_config(cfg, 'predict')
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
    report = load_weights(model, args.checkpoint)
    state = task_state(model, model.state_dict())
    absent = without_counters(n for n in report.fresh if n in state)
    if absent:
        raise WeightsError(
            f"'{args.checkpoint}' lacks what the task is made of: {', '.join(absent)}. "
            'Give a fine-tuned file, and a config with its adapters and classes.'
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f'{out.name}.partial')
    torch.save({'meta': {}, 'state_dict': state}, partial)
    partial.replace(out)
    print(f'{out}: {len(state)} tensors, {out.stat().st_size / 1e6:.2f} MB')


if __name__ == '__main__':
    try:
        main()
    except AdaptError as error:
        sys.exit(f'{type(error).__name__}: {error}')
