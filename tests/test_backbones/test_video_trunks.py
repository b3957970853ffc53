"""MMAction2's other trunks under AdaptedBackbone: from a file, without a download."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import DefaultScope

from mmadapt.errors import ConfigError
from tests.helpers import feature, video_input

TRUNKS: dict[str, dict[str, Any]] = {
    'UniFormer': {'depth': [1, 1, 1, 1], 'embed_dim': [8, 8, 16, 16], 'head_dim': 8},
    'UniFormerV2': {
        'input_resolution': 32,
        'patch_size': 8,
        'width': 48,
        'layers': 2,
        'heads': 4,
        't_size': 4,
        'return_list': [1],
        'n_layers': 1,
        'n_dim': 48,
        'n_head': 4,
    },
    'MViT': {
        'arch': {
            'embed_dims': 32,
            'num_layers': 2,
            'num_heads': 2,
            'downscale_indices': [1],
        },
        'spatial_size': 32,
        'temporal_size': 4,
        'adaptive_kv_stride': (1, 2, 2),
    },
    'TimeSformer': {
        'num_frames': 4,
        'img_size': 32,
        'patch_size': 8,
        'embed_dims': 48,
        'num_heads': 4,
        'num_transformer_layers': 2,
    },
}


@pytest.fixture(autouse=True)
def _scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope('mmaction'):
        yield


def adapted(trunk: str, init_cfg: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {
        'type': 'AdaptedBackbone',
        'backbone': {'type': trunk, **TRUNKS[trunk], **options},
        'adapter': {'bottleneck': 4},
        'init_cfg': init_cfg,
    }


@pytest.mark.parametrize('trunk', TRUNKS)
def test_a_trunk_is_loaded_and_starts_as_what_it_was(
    trunk: str, tmp_path: Path
) -> None:
    base = MODELS.build({'type': trunk, **TRUNKS[trunk]}).eval()
    path = tmp_path / 'trunk.pth'
    torch.save({f'backbone.{k}': v for k, v in base.state_dict().items()}, path)
    model = MODELS.build(
        adapted(trunk, {'type': 'PretrainedTrunk', 'checkpoint': str(path)})
    )
    model.eval()
    with torch.no_grad():
        ours, theirs = feature(model(video_input())), feature(base(video_input()))
    # Freezing alone may change the order in which torch adds up.
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('trunk', TRUNKS)
def test_a_random_trunk_fetches_nothing(trunk: str) -> None:
    MODELS.build(adapted(trunk, {'type': 'RandomTrunk'}))


def test_a_file_of_upstreams_own_is_refused_where_no_other_is_named() -> None:
    config = adapted('MViT', {'type': 'RandomTrunk'}, pretrained_type='maskfeat')
    MODELS.build(config)  # without a download
    with pytest.raises(ConfigError, match="pretrained_type='maskfeat'"):
        MODELS.build({**config, 'init_cfg': None})
