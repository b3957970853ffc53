"""Name what photos or clips show: ``python tools/predict.py CONFIG TASK INPUT...``."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

# Before a config is read: a base of another package needs the workarounds of mmadapt.
from mmadapt import launch
from mmadapt.apis import (
    Prediction,
    TaskModel,
    find_inputs,
    kind_of,
    load_task,
    predict,
)
from mmadapt.arguments import OptionAction
from mmadapt.config import load_config, merge_options
from mmadapt.errors import ConfigError, DataError
from mmadapt.weights import trust_checkpoint


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Predict with a task file.')
    parser.add_argument('config', help='config file')
    parser.add_argument('task', help='task file, or any checkpoint')
    parser.add_argument('inputs', nargs='+', help='photos, clips, or folders of them')
    parser.add_argument(
        '--topk', type=int, help='classes an input; 5, or all of a multi-label task'
    )
    parser.add_argument('--device', help='cpu, cuda:0 ...; a GPU if there is one')
    parser.add_argument('--json', action='store_true', help='print JSON')
    parser.add_argument(
        '--trust-checkpoint', metavar='PATH', action='append', default=[],
        help='a file that may be unpickled, which can run any code in it; once a file',
    )  # fmt: skip
    parser.add_argument(
        '--cfg-options', nargs='+', action=OptionAction, metavar='KEY=VALUE',
        help='change the config: trunk=FILE',
    )  # fmt: skip
    return parser.parse_args(argv)


def prepare(args: Namespace) -> tuple[TaskModel, list[Path]]:
    """The model and the files, both checked.

    Raises:
        ConfigError: An argument that can't be obeyed.
    """
    if args.topk is not None and args.topk < 1:
        raise ConfigError(f'--topk {args.topk}: a whole number from 1 on.')
    for path in args.trust_checkpoint:
        trust_checkpoint(path)
    cfg = merge_options(load_config(args.config), args.cfg_options)
    files = find_inputs(args.inputs, kind_of(cfg))
    return load_task(cfg, args.task, args.device), files


def as_text(file: Path, found: list[Prediction]) -> str:
    """One input's lines for a person."""
    width = max(len(one.name) for one in found)
    return '\n'.join(
        [str(file), *(f'  {one.name:<{width}}  {one.score:6.1%}' for one in found)]
    )


def main() -> None:
    """Predict as the command line says; what can't be read is named at the end."""
    args = parse_args()
    with redirect_stdout(sys.stderr):  # what the libraries log while they load
        task, files = prepare(args)
    results, unreadable = [], []
    for file in files:
        try:
            with redirect_stdout(sys.stderr):
                found = predict(task, [file], args.topk)[0]
        except DataError as error:
            unreadable.append(str(error))
            continue
        results.append({'input': str(file), 'classes': [asdict(p) for p in found]})
        if not args.json:
            print(as_text(file, found))
    if args.json:
        print(json.dumps(results, indent=2))
    if unreadable:
        raise DataError('\n'.join(unreadable))


if __name__ == '__main__':
    launch.run(main)
