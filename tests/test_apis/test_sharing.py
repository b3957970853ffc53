"""What several tasks keep once, and which of them can not share a trunk."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from torch import nn

import mmadapt
from mmadapt.apis import load_tasks, predict_tasks
from mmadapt.apis.sharing import Trunk
from mmadapt.errors import ConfigError
from tests.helpers import build_video_swin, feature, video_input
from tests.host_cases import image_conformer
from tests.tasks import write_clips, write_video_config
from tests.test_apis.test_tasks import assert_alone, source, sources


def copies(model: nn.Module, count: int = 3) -> list[nn.Module]:
    model.eval()
    return [copy.deepcopy(model) for _ in range(count)]


def shared(models: list[nn.Module]) -> set[str]:
    """Names of the buffers that lie in one place for all."""
    trunk = Trunk()
    for number, model in enumerate(models):
        trunk.share(model, f'task {number}')
    places = [dict(model.named_buffers()) for model in models]
    return {
        name for name in places[0] if len({one[name].data_ptr() for one in places}) == 1
    }


def test_tables_of_positions_are_kept_once() -> None:
    models = copies(mmadapt.adapt(build_video_swin(), {'bottleneck': 8}))
    x = video_input()
    with torch.no_grad():
        before = [feature(model(x)) for model in models]
        found = shared(models)
        after = [feature(model(x)) for model in models]
    tables = {n for n, _ in models[0].named_buffers() if n.endswith('position_index')}
    assert tables and tables <= found
    assert all(map(torch.equal, before, after))
    sizes = {b.data_ptr(): b.nbytes for m in models for b in m.buffers()}
    assert sum(sizes.values()) == sum(b.nbytes for b in models[0].buffers())


def test_statistics_of_batch_norms_are_kept_for_each() -> None:
    (case,) = image_conformer.CASES
    models = copies(mmadapt.adapt(case.build(), {'bottleneck': 8}))
    found = shared(models)
    norms = {n for n, m in models[0].named_modules() if isinstance(m, nn.BatchNorm2d)}
    assert norms and not {name.rpartition('.')[0] for name in found} & norms


def test_only_equal_buffers_in_evaluation_are_shared() -> None:
    model = mmadapt.adapt(build_video_swin(), {'bottleneck': 8})
    for name in ('equal', 'trained'):
        child = nn.Module()
        child.register_buffer('table', torch.arange(4))
        model.add_module(name, child)
    model.register_buffer('other', torch.zeros(3))
    models = copies(model)
    for number, one in enumerate(models):
        one.get_submodule('trained').train()
        one.get_buffer('other').add_(number)
    found = shared(models)
    assert 'equal.table' in found
    assert not {'trained.table', 'other'} & found
    assert [one.get_buffer('other')[0].item() for one in models] == [0, 1, 2]


def test_a_buffer_of_another_shape_is_shared_with_its_like() -> None:
    models = copies(mmadapt.adapt(build_video_swin(), {'bottleneck': 8}), 4)
    for number, one in enumerate(models):
        one.register_buffer('table', torch.zeros(1 + number % 2))
    shared(models)
    places = [one.get_buffer('table').data_ptr() for one in models]
    assert places[0] == places[2] != places[1] == places[3]


def test_loaded_clips_have_their_positions_once(tmp_path: Path) -> None:
    given = sources(tmp_path, write_video_config)
    tasks = load_tasks(given, 'cpu')
    places = {t.model.backbone.pos_embed.data_ptr() for t in tasks.values()}
    assert len(places) == 1
    file = sorted(write_clips(tmp_path / 'clips').glob('*.mp4'))[0]
    requests = [(file, name) for name in tasks]
    assert_alone(given, requests, predict_tasks(tasks, requests))


def test_another_size_of_photo_is_named_by_both_shapes(tmp_path: Path) -> None:
    given = sources(tmp_path)
    given['pets'] = source(tmp_path, 'pets', **{'model.backbone.img_size': 64})
    text = (
        r"'pets'.*pos_embed differs in shape: \(1, 65, 48\), there \(1, 17, 48\)"
        r'.*img_size and num_frames.*load_task'
    )
    with pytest.raises(ConfigError, match=text):
        load_tasks(given, 'cpu')


def test_another_type_is_named_by_both(tmp_path: Path) -> None:
    given = sources(tmp_path)
    changes = {'model.backbone.frozen_dtype': 'bfloat16'}
    given['pets'] = source(tmp_path, 'pets', **changes)
    text = r'differs in type: torch.bfloat16, there torch.float32.*same frozen_dtype'
    with pytest.raises(ConfigError, match=text):
        load_tasks(given, 'cpu')


def test_a_trunk_that_differs_is_left_as_it_is() -> None:
    models = copies(mmadapt.adapt(build_video_swin(), {'bottleneck': 8}), 2)
    trunk = Trunk()
    trunk.share(models[0], 'first')
    last = [p for p in models[1].parameters() if not p.requires_grad][-1]
    last.data = last.data + 1
    places = [p.data_ptr() for p in models[1].parameters()]
    with pytest.raises(ConfigError, match='differs'):
        trunk.share(models[1], 'second')
    assert places == [p.data_ptr() for p in models[1].parameters()]


BYPASSING: dict[str, dict[str, Any]] = {
    'TimmClassifier has no backbone': {
        'default_scope': 'mmpretrain',
        'model': {'type': 'TimmClassifier', 'model_name': 'vit_tiny_patch16_224'},
    },
    'Recognizer2D reads model.backbone, timm.AdaptedBackbone': {
        'default_scope': 'mmaction',
        'model': {
            'type': 'Recognizer2D',
            'backbone': {'type': 'timm.AdaptedBackbone', 'adapter': None},
        },
    },
}


@pytest.mark.parametrize('text', list(BYPASSING))
def test_a_model_without_a_backbone_to_share_is_refused_first(
    tmp_path: Path, text: str
) -> None:
    missing = tmp_path / 'missing.pth'
    plain = source(tmp_path, 'pets')
    given = {'pets': (plain[0], missing), 'odd': (Config(BYPASSING[text]), missing)}
    with pytest.raises(ConfigError, match=rf"'odd'.*{text}.*Allowed.*load_task"):
        load_tasks(given, 'cpu')
