"""Load a file into a model that is there already, and look at the model afterwards.

Ends with the error's text where the file is refused, and with :data:`CHANGED` where
that has changed the model.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path

import torch
from mmengine.registry import MODELS, DefaultScope
from mmengine.runner import load_checkpoint

from mmadapt.config import load_config, resolve_config
from mmadapt.errors import AdaptError
from mmadapt.weights import load_weights

CHANGED = 71


def main(argv: list[str] | None = None) -> None:
    """Build, load, compare."""
    parser = ArgumentParser()
    parser.add_argument('config')
    parser.add_argument('out', type=Path)
    parser.add_argument('--trunk')
    parser.add_argument('--task')
    args = parser.parse_args(argv)
    cfg = resolve_config(load_config(args.config), 'train')
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    try:
        if args.trunk:
            load_weights(model.backbone, args.trunk)
        if args.task:
            load_checkpoint(model, args.task, map_location='cpu')
    except AdaptError as error:
        after = model.state_dict()
        if any(not torch.equal(before[name], after[name]) for name in before):
            print(f'{error}\nThe model was changed.', file=sys.stderr)
            sys.exit(CHANGED)
        sys.exit(f'{type(error).__name__}: {error}')
    torch.save({'state_dict': model.state_dict()}, args.out)


if __name__ == '__main__':
    main()
