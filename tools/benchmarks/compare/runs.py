"""One training of one method from one seed, and what it left."""

from __future__ import annotations

import io
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from common.steps import Step, python
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

import mmadapt

from .methods import Method

ROOT = Path(__file__).resolve().parents[3]

SCORES = {'accuracy/top1': 1.0, 'acc/top1': 100.0, 'multi-label/mAP': 1.0}
"""Main scores of the two libraries, and what makes percent of them."""


@dataclass(frozen=True)
class Settings:
    """What all runs have in common.

    Attributes:
        epochs: How long each one trains.
        amp: Whether in mixed precision.
        options: Of ``--cfg-options``, as they were typed.
        warmup: Epochs of warm-up; None is the config's.
    """

    epochs: int
    amp: bool
    options: tuple[str, ...]
    warmup: float | None = None


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
        method: How it adapts.
        seed: Its random seed.
        rate: Learning rate; None is the config's.
        folder: Its work dir.
        config: Its config file.
        settings: What it shares with the others.
        holdout: Share of the training set that it is scored on; 0 is the config's own
            validation set.
    """

    method: Method
    seed: int
    rate: float | None
    folder: Path
    config: Path
    settings: Settings
    holdout: float = 0.0

    @property
    def name(self) -> str:
        """Unique among the runs of one config."""
        kind = 'choose' if self.holdout else 'train'
        rate = '' if self.rate is None else f'-lr{self.rate:g}'
        return f'{kind}-{self.method.name}{rate}-seed{self.seed}'

    @property
    def title(self) -> str:
        """What a user reads."""
        rate = '' if self.rate is None else f', lr {self.rate:g}'
        held = ', on the held-out part' if self.holdout else ''
        return f'{self.method.title}{rate}, seed {self.seed}{held}'

    def step(self) -> Step:
        """The training, which goes on after an interruption."""
        epochs = self.settings.epochs
        options = [
            f'train_cfg.max_epochs={epochs}',
            f'train_cfg.val_interval={epochs}',
        ]
        if self.settings.warmup is not None:
            options.append(f'param_scheduler.warmup={self.settings.warmup:g}')
        options += self.settings.options
        if self.rate is not None:
            options.append(f'optim_wrapper.optimizer.lr={self.rate}')
        if self.holdout:
            options.append(f'holdout={self.holdout}')
        flags = ['--resume', *(['--amp'] if self.settings.amp else [])]
        return Step(
            name=self.name,
            title=self.title,
            command=python(
                ROOT / 'tools' / 'train.py',
                self.config,
                '--work-dir',
                self.folder,
                '--seed',
                str(self.seed),
                *flags,
                '--cfg-options',
                *options,
            ),
            inputs=(self.config,),
            folder=self.folder,
            outputs=(self.folder / f'epoch_{epochs}.pth',),
            resumes=True,
        )

    def records(self) -> list[dict[str, Any]]:
        """What the training logged, over all its starts."""
        files = sorted(self.folder.glob('*/vis_data/scalars.json'))
        # A start that was killed may have left half a line at the end.
        lines = [line for file in files for line in file.read_text().split('\n')[:-1]]
        return [json.loads(line) for line in lines]

    def score(self) -> float:
        """Top-1 (or mAP) of the last epoch, in percent."""
        for record in reversed(self.records()):
            for name, factor in SCORES.items():
                if name in record:
                    return float(record[name]) * factor
        raise ValueError(
            f'{self.folder} logged none of {", ".join(SCORES)}: compare_methods.py '
            'reads those of Accuracy, AccMetric and AveragePrecision.'
        )

    def losses(self) -> list[tuple[int, float]]:
        """Iteration and smoothed training loss; of a repeated iteration the last."""
        return sorted(
            {r['step']: r['loss'] for r in self.records() if 'loss' in r}.items()
        )

    def seconds_per_iteration(self) -> float:
        """Median of what the log says, loading of data included."""
        return statistics.median(r['time'] for r in self.records() if 'loss' in r)

    def gpu_bytes(self) -> float:
        """Peak memory on the GPU, 0 without one."""
        return max(r.get('memory', 0) for r in self.records()) * 2.0**20

    def task_bytes(self) -> int:
        """Size of the trained weights as a file, without the optimizer's state."""
        file = self.folder / f'epoch_{self.settings.epochs}.pth'
        buffer = io.BytesIO()
        torch.save(torch.load(file, weights_only=True)['state_dict'], buffer)
        return buffer.tell()

    def parameters(self) -> mmadapt.report.ParameterReport:
        """How much of the model trained, from the config that the run wrote."""
        cfg = Config.fromfile(self.folder / self.config.name)
        cfg.model.backbone.init_cfg = None
        with DefaultScope.overwrite_default_scope(cfg.default_scope):
            return mmadapt.parameter_report(MODELS.build(cfg.model))


def best_rate(runs: Sequence[Run]) -> float | None:
    """The learning rate that scored best; the lower one where two are level."""
    return max(runs, key=lambda run: (run.score(), -(run.rate or 0))).rate
