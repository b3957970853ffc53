"""Compute the frozen part of the trunk once, and train from what was kept."""

from __future__ import annotations

import hashlib
import json
from os import PathLike
from pathlib import Path
from typing import Any, cast

import torch
from mmengine.dist import barrier, get_dist_info
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.registry import HOOKS
from mmengine.runner import EpochBasedTrainLoop, Runner, ValLoop
from torch import nn
from torch.utils._pytree import tree_leaves
from torch.utils.data import DataLoader

from ..cache import Boundary, CachedDataset, Store, find_boundary
from ..cache.fill import Source, check_same_again, fill
from ..cache.key import config_text, hash_data, hash_trunk
from ..cache.replay import KEPT, let_by, make_replaying
from ..errors import ConfigError
from ..weights.stamp import find_stamps
from ..wrapping import unwrapped

__all__ = ['PrefixCacheHook']


@HOOKS.register_module()
class PrefixCacheHook(Hook):
    """Keep the activations in front of the lowest adapter; train from them.

    With adapters in the last k blocks alone, or none (linear probing), the blocks below
    give the same activations for a sample every time. They are computed once, at the
    start of the first training, and read from disk after that. The files are made anew
    when the trunk, the data, the pipeline, the precision or the place changes.

    For pipelines without randomness the training is the same as without the cache, but
    for the rounding of batches of another composition. A random pipeline is drawn
    ``views`` times in all, and epoch e trains on draw e modulo ``views``: another
    training than with new draws at each epoch.

    Args:
        folder: Where the files go.
        views: Draws of each training sample.
        val: Keep the validation set's activations too.

    Raises:
        ConfigError: Nothing can be kept; see :func:`mmadapt.cache.find_boundary`.
    """

    def __init__(
        self, folder: str | PathLike[str], views: int = 1, val: bool = True
    ) -> None:
        if views < 1:
            raise ConfigError(f'views={views}: a whole number from 1 on.')
        self.folder = Path(folder)
        self.views = views
        self.val = val
        self.dataset: CachedDataset | None = None

    def before_train(self, runner: Runner) -> None:
        """Fill what is missing, and exchange the data."""
        loop = runner.train_loop
        if not isinstance(loop, EpochBasedTrainLoop):
            raise ConfigError(
                f'PrefixCacheHook needs training by epochs, got {type(loop).__name__}: '
                "train_cfg=dict(by_epoch=True, type='EpochBasedTrainLoop')."
            )
        model = cast(BaseModel, unwrapped(runner.model))
        boundary = find_boundary(the_backbone(model))
        let_by(model.data_preprocessor)
        training = model.training
        model.train()
        loop.dataloader = self.exchange(runner, boundary, loop.dataloader, 'train')
        self.dataset = loop.dataloader.dataset
        if self.val and isinstance(runner.val_loop, ValLoop):
            model.eval()
            val = runner.val_loop
            val.dataloader = self.exchange(runner, boundary, val.dataloader, 'val')
        model.train(training)

    def before_train_epoch(self, runner: Runner) -> None:
        """Turn to the draw of this epoch."""
        if self.dataset is not None:
            self.dataset.view = runner.epoch % self.views

    def exchange(
        self,
        runner: Runner,
        boundary: Boundary,
        loader: DataLoader[Any],
        split: str,
    ) -> DataLoader[Any]:
        """The same batches, of activations."""
        model = cast(BaseModel, unwrapped(runner.model))
        source = Source(
            model,
            boundary,
            loader.dataset,
            loader,
            lambda: runner.optim_wrapper.optim_context(runner.model),
        )
        first = check_same_again(source)
        views = self.views if split == 'train' else 1
        rank, world = get_dist_info()
        key = make_key(runner, source, split, views, world)
        size = len(loader.dataset)  # type: ignore[arg-type]
        name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
        stores = []
        for part in range(world):
            rows = views * len(range(part, size, world))
            folder = self.folder / f'{split}-{name}-{part}'
            stores.append(Store(folder, key, rows, tuple(first.shape[1:]), first.dtype))
        mine = stores[rank]
        runner.logger.info(
            f'activations {boundary} of the {split} set: {size} samples, '
            f'{views} view(s), {sum(store.size for store in stores) / 1e9:.3g} GB in '
            f'{self.folder}; {mine.done} of {mine.rows} rows of this process are there'
        )
        indices = list(range(rank, size, world)) * views
        fill(source, mine, indices, f'activations, {split}')
        barrier()
        item = loader.dataset[0]
        make_replaying(boundary)
        check_replay(source, item)
        cached = CachedDataset(
            stores,
            type(item['data_samples']),
            views,
            getattr(loader.dataset, 'metainfo', {}),
        )
        if loader.batch_size is None:
            order: dict[str, Any] = {'batch_sampler': loader.batch_sampler}
        else:
            order = {
                'batch_size': loader.batch_size,
                'sampler': loader.sampler,
                'drop_last': loader.drop_last,
            }
        return DataLoader(
            cached,
            **order,
            collate_fn=loader.collate_fn,
            pin_memory=loader.pin_memory,
        )


def the_backbone(model: nn.Module) -> nn.Module:
    """The adapted backbone.

    Raises:
        ConfigError: There is none, or more than one.
    """
    names = list(find_stamps(model))
    if len(names) != 1:
        raise ConfigError(
            f'PrefixCacheHook needs one adapted backbone, found {len(names)} in '
            f'{type(model).__name__}.'
        )
    return model.get_submodule(names[0])


def make_key(
    runner: Runner, source: Source, split: str, views: int, parts: int
) -> dict[str, Any]:
    """What the activations depend on."""
    cfg = runner.cfg
    backbone = source.boundary.backbone
    precision = torch.get_autocast_dtype(next(backbone.parameters()).device.type)
    with source.context():
        amp = torch.is_autocast_enabled(next(backbone.parameters()).device.type)
    return {
        'boundary': str(source.boundary),
        'trunk': hash_trunk(backbone),
        'backbone': config_text(cfg.model.backbone),
        'preprocessor': config_text(cfg.model.get('data_preprocessor') or {}),
        'shared_preprocessor': config_text(cfg.get('data_preprocessor') or {}),
        'dataset': config_text(cfg[f'{split}_dataloader'].dataset),
        'data': hash_data(source.dataset),  # type: ignore[arg-type]
        'precision': str(precision) if amp else 'float32',
        'views': views,
        'parts': parts,
    }


@torch.no_grad()
def check_replay(source: Source, item: Any) -> None:
    """Compare the model's outputs from kept activations with those from the start.

    Raises:
        ConfigError: They differ: the backbone can't be cut there.
    """
    model = source.model
    training = model.training
    model.eval()
    batch = source.loader.collate_fn([item, item])
    rows = source.rows(batch, 2)
    with source.context():
        whole = model(**as_input(model, batch), mode='tensor')
        kept = {**batch, 'inputs': rows, KEPT: True}
        again = model(**as_input(model, kept), mode='tensor')
    model.train(training)
    pairs = zip(tree_leaves(whole), tree_leaves(again), strict=True)
    if not all(torch.equal(a, b) for a, b in pairs if isinstance(a, torch.Tensor)):
        raise ConfigError(
            f'{type(source.boundary.backbone).__name__} gives another output from its '
            f'activations {source.boundary}: it cannot be cut there. Train without the '
            'cache.'
        )


def as_input(model: BaseModel, batch: Any) -> dict[str, Any]:
    """A batch as ``forward`` takes it."""
    data = model.data_preprocessor(batch, False)
    return {'inputs': data['inputs'], 'data_samples': data['data_samples']}
