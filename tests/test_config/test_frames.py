"""num_frames: one number for the transformer and its data."""

from __future__ import annotations

import pytest
from mmengine.config import Config

from mmadapt.config import merge_options
from mmadapt.config.frames import fill_frames
from mmadapt.errors import ConfigError


def new_config(num_frames: int | None = 8, clip_len: int | None = None) -> Config:
    pipeline = [{'type': 'OpenVideo'}, {'type': 'SampleClip', 'clip_len': clip_len}]
    loader = {'dataset': {'type': 'VideoList', 'pipeline': pipeline}}
    return Config(
        {
            'num_frames': num_frames,
            'model': {'backbone': {'type': 'AdaptFormerViT', 'num_frames': None}},
            'train_dataloader': loader,
            'val_dataloader': loader,
        }
    )


def clip_lengths(cfg: Config) -> list[int]:
    loaders = (cfg.train_dataloader, cfg.val_dataloader)
    return [loader.dataset.pipeline[1].clip_len for loader in loaders]


def test_it_reaches_the_transformer_and_every_pipeline() -> None:
    cfg = new_config()
    fill_frames(cfg)
    assert cfg.model.backbone.num_frames == 8
    assert clip_lengths(cfg) == [8, 8]


def test_what_a_config_says_itself_stays() -> None:
    cfg = new_config(clip_len=4)
    fill_frames(cfg)
    assert clip_lengths(cfg) == [4, 4]


def test_the_command_line_changes_a_filled_config_everywhere() -> None:
    cfg = new_config()
    fill_frames(cfg)
    merge_options(cfg, {'num_frames': 16})
    fill_frames(cfg)
    assert cfg.model.backbone.num_frames == 16
    assert clip_lengths(cfg) == [16, 16]


def test_no_number_is_refused() -> None:
    with pytest.raises(ConfigError, match=r'num_frames is None.*num_frames=8'):
        fill_frames(new_config(num_frames=None))
