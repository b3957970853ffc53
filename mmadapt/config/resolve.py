"""resolve_config(): what a config left open, filled from the trunk and the data."""

from __future__ import annotations

from copy import deepcopy

from mmengine.config import Config

from ..errors import ConfigError, did_you_mean
from ..randomness import check_randomness
from .classes import fill_classes
from .data import check_folders, fill_data_root, fill_frame_store, fill_split
from .failures import config_errors
from .files import check_load_from
from .frames import fill_frames
from .holdout import apply_holdout
from .kinds import check_kinds
from .top_names import check_top_names
from .trunk import fill_trunk
from .widths import check_widths

__all__ = ['resolve_config']

LOADERS = {
    'train': ('train_dataloader', 'val_dataloader'),
    'test': ('test_dataloader',),
    'predict': (),
}


def resolve_config(
    cfg: Config, phase: str = 'train', num_classes: int | None = None
) -> Config:
    """Fill what a config leaves open; the result runs without this function.

    ``data_root`` reaches every dataset without one, ``split`` every list without a
    folder, ``frame_store`` every dataset of clips, ``trunk`` every ``PretrainedTrunk``
    without a checkpoint, ``num_frames`` the video ViT and its pipelines. What is None
    is found: the ViT's sizes in the trunk's file (or by ``arch``), neck's and head's
    width in those, the number of classes in the data.
    ``holdout=0.2`` makes a fifth of the training set, the same at each call, the
    validation and test set. Called on its own result it changes nothing.

    Args:
        cfg: A config, after ``--cfg-options``; it stays as it is.
        phase: ``'train'``, ``'test'`` or ``'predict'``: whose data has to be there.
        num_classes: What a task file tells, where there may be no data.

    Returns:
        The filled config.

    Raises:
        ConfigError: Something is open that nothing tells, a part is lacking or of
            another kind, a name of the file is a slip of the pen.
        WeightsError: The trunk's file or that of ``load_from`` is missing or broken.
        DataError: A folder or list is missing, a class is empty.
    """
    if phase not in LOADERS:
        raise ConfigError(
            f'phase={phase!r}; allowed: {", ".join(LOADERS)}.'
            f'{did_you_mean(phase, LOADERS)}'
        )
    check_top_names(cfg)
    check_kinds(cfg, phase)
    check_widths(cfg)
    check_randomness(cfg)
    resolved = deepcopy(cfg)
    with config_errors(cfg):
        fill_data_root(resolved)
        fill_frame_store(resolved)
        fill_frames(resolved)
        fill_split(resolved)
        fill_trunk(resolved)
        if phase == 'train':
            check_load_from(resolved)
        apply_holdout(resolved)
        check_folders(resolved, LOADERS[phase])
        fill_classes(resolved, phase, num_classes)
    return resolved
