"""The schedule of a config at another number of epochs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mmadapt.config import load_config


def fitted_warmup(config: Path, epochs: int) -> float | None:
    """The warm-up of a config, in epochs, as long a share of the training as there.

    The paper's 20 epochs of 100 would leave nothing of a training of 20.

    Args:
        config: The config.
        epochs: How long it trains here.

    Returns:
        None where the config says no length, or none in epochs: its schedule is a
        share of the training already, or not :class:`mmadapt.optim.WarmupCosineLR`.
    """
    cfg = load_config(config)
    schedule = cfg.get('param_scheduler')
    planned = cfg.get('train_cfg', {}).get('max_epochs')
    if not isinstance(schedule, Mapping) or schedule.get('type') != 'WarmupCosineLR':
        if schedule and planned != epochs:
            print(
                f'{config}: param_scheduler keeps the lengths that it has, made for '
                f'{planned} epochs; only a WarmupCosineLR is fitted to --epochs '
                f'{epochs}.'
            )
        return None
    if not schedule.get('warmup') or not schedule.get('by_epoch', True) or not planned:
        return None
    return float(schedule['warmup'] * epochs / planned)
