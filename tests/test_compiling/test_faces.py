"""compile_blocks in a config: built, trained, tested and left out again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.registry import DefaultScope

from mmadapt.errors import ConfigError
from mmadapt.weights.merge import plain_model
from tests.helpers import feature, image_input, video_input
from tests.tasks import write_config, write_images, write_trunk
from tests.test_tools.cli import run_tool

from .counting import WHOLE, counted

VIT = {'img_size': 32, 'patch_size': 8, 'adapter': {'bottleneck': 4}}
RANDOM = {'type': 'RandomTrunk', 'seed': 0}
ARCH = {
    'embed_dims': 48,
    'num_layers': 3,
    'num_heads': 4,
    'feedforward_channels': 96,
}
SIDES: dict[str, tuple[str, dict[str, Any], Any]] = {
    'image': ('mmpretrain', {'arch': ARCH}, image_input),
    'video': (
        'mmaction',
        {'embed_dims': 48, 'depth': 3, 'num_heads': 4, 'num_frames': 4},
        video_input,
    ),
}


def build(side: str, inside: bool, **options: Any) -> Any:
    scope, arch, _ = SIDES[side]
    if scope == 'mmaction':
        from mmaction.registry import MODELS
    else:
        from mmpretrain.registry import MODELS
    own = {'init_cfg': RANDOM, **options}
    if inside:
        size = {key: VIT[key] for key in ('img_size', 'patch_size')}
        inner = {'type': 'VisionTransformer', **size, **arch}
        face = {'type': 'AdaptedBackbone', 'backbone': inner}
        cfg = {**face, 'adapter': VIT['adapter'], **own}
    else:
        cfg = {'type': 'AdaptFormerViT', **VIT, **arch, **own}
    with DefaultScope.overwrite_default_scope(scope):
        return MODELS.build(cfg)


@pytest.mark.parametrize('side', list(SIDES))
@pytest.mark.parametrize('inside', [False, True])
def test_both_faces_take_it(side: str, inside: bool) -> None:
    plain, again = (
        build(side, inside, compile_blocks=value) for value in (False, WHOLE)
    )
    plain.eval()  # upstream's gives None
    again.eval()
    again.load_state_dict(plain.state_dict())
    x = SIDES[side][2]()
    with counted() as graphs, torch.no_grad():
        torch.testing.assert_close(feature(again(x)), feature(plain(x)))
        # The last block gives the class token alone, or the mean.
        assert len(graphs) == 2
    with pytest.raises(ConfigError, match='fused_mlp=True'):
        build(side, inside, compile_blocks=WHOLE, fused_mlp=True)


def test_a_merged_model_is_free_of_it() -> None:
    node = {'type': 'AdaptFormerViT', 'adapter': None, 'compile_blocks': True}
    assert plain_model({'backbone': node}) == {
        'backbone': {'type': 'VisionTransformer'}
    }


@pytest.mark.slow
def test_a_run_trains_and_its_task_file_runs_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training, validation and moving average; then the test, blocks as they are."""
    photos = write_images(tmp_path / 'photos')
    trunk = write_trunk(tmp_path / 'tiny.pth')
    average = "custom_hooks = [*custom_hooks, dict(type='EMAHook')]\n"
    config = write_config(tmp_path / 'photos.py', average)
    options = [f'data_root={photos}', f'trunk={trunk}']
    own = [f'model.backbone.compile_blocks.{key}={WHOLE[key]}' for key in WHOLE]
    work = tmp_path / 'work'
    with counted() as graphs:
        run_tool(
            monkeypatch, 'train', config, '--work-dir', work,
            '--cfg-options', *options, *own,
        )  # fmt: skip
        # One block reads without a gradient, the last gives the class token.
        trained = len(graphs)
        assert trained >= 3
        file = work / 'epoch_2.pth'
        task = torch.load(file, weights_only=True)['state_dict']
        assert not any('compile' in name or 'orig_mod' in name for name in task)
        run_tool(
            monkeypatch, 'test', config, file, '--work-dir', work,
            '--cfg-options', *options,
        )  # fmt: skip
        assert len(graphs) == trained
