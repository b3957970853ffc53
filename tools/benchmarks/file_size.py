"""Size of a config's task file beside the whole model's checkpoint.

    python tools/benchmarks/file_size.py configs/adaptformer_cifar100.py

The trunk is a random one of the same shape: sizes don't depend on the weights.
"""

from __future__ import annotations

import io
import sys
from argparse import ArgumentParser
from pathlib import Path

import torch
from mmengine.registry import MODELS, DefaultScope

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

import mmadapt
from mmadapt.config import load_config, resolve_config
from mmadapt.weights import task_state


def megabytes(content: object) -> float:
    """What ``torch.save`` writes, in millions of bytes."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.tell() / 1e6


def main() -> None:
    """Print parameters and sizes."""
    parser = ArgumentParser(description='Size of a task file.')
    parser.add_argument('config', help='config file; it has to name arch and classes')
    cfg = load_config(parser.parse_args().config)
    cfg.model.backbone.init_cfg = {'type': 'RandomTrunk', 'seed': 0}
    cfg = resolve_config(cfg, 'predict')
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
    state = model.state_dict()
    whole, task = megabytes(state), megabytes(task_state(model, state))
    print(mmadapt.parameter_report(model))
    print(f'task file {task:.2f} MB, whole {whole:.1f} MB, 1 to {whole / task:.0f}')


if __name__ == '__main__':
    main()
