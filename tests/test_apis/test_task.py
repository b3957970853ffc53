"""Predicting with a trunk and a task file."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

from mmadapt import resolve_config
from mmadapt.apis import TaskModel, load_task, predict
from mmadapt.config import load_config, merge_options
from mmadapt.errors import ConfigError, DataError, TaskFileError
from mmadapt.weights.task_file import task_state
from tests.helpers import randomise
from tests.tasks import (
    write_clips,
    write_config,
    write_images,
    write_trunk,
    write_video_config,
)
from tests.test_datasets.clips import damage, write_noise

NAMES = ['blue', 'red', 'grey']


def write_task(cfg: Config, file: Path, names: list[str]) -> Path:
    """A task file as the hook would write it, with random weights."""
    resolved = resolve_config(cfg, 'predict', len(names))
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(resolved.model)
    randomise(model.get_submodule('cls_head' if 'cls_head' in cfg.model else 'head'))
    state = task_state(model, model.state_dict())
    meta = {'dataset_meta': {'classes': names}}
    torch.save({'state_dict': state, 'meta': meta}, file)
    return file


@pytest.fixture
def image(tmp_path: Path) -> tuple[Config, Path]:
    cfg = load_config(write_config(tmp_path / 'photos.py'))
    merge_options(cfg, {'trunk': str(write_trunk(tmp_path / 'tiny.pth'))})
    return cfg, write_task(cfg, tmp_path / 'task.pth', NAMES)


@pytest.fixture
def video(tmp_path: Path) -> tuple[Config, Path]:
    cfg = load_config(write_video_config(tmp_path / 'clips.py'))
    merge_options(cfg, {'trunk': str(write_trunk(tmp_path / 'tiny.pth'))})
    return cfg, write_task(cfg, tmp_path / 'task.pth', ['left', 'right'])


@pytest.mark.parametrize('holdout', [0.0, 0.5])
def test_image_as_mmpretrain_predicts(
    image: tuple[Config, Path], tmp_path: Path, holdout: float
) -> None:
    from mmpretrain.apis import ImageClassificationInferencer

    photo = write_images(tmp_path / 'photos') / 'val' / 'red' / '0.png'
    cfg, file = image
    merge_options(cfg, {'holdout': holdout})
    task = load_task(cfg, file, device='cpu')
    assert task.classes == tuple(NAMES)
    assert task.kind == 'image'
    found = predict(task, [photo], topk=2)[0]
    expected = ImageClassificationInferencer(task.model)(str(photo))[0]
    assert found[0].name == expected['pred_class']
    assert found[0].score == pytest.approx(expected['pred_score'])
    scores = sorted(expected['pred_scores'], reverse=True)
    assert [one.score for one in found] == pytest.approx(scores[:2])
    assert NAMES[found[0].label] == found[0].name


def test_clip_as_mmaction_predicts(video: tuple[Config, Path], tmp_path: Path) -> None:
    from mmaction.apis import inference_recognizer

    clip = write_clips(tmp_path / 'clips') / '1_0.mp4'
    task = load_task(*video, device='cpu')
    found = predict(task, [str(clip)])[0]
    assert len(found) == 2  # there are no five classes
    logits = inference_recognizer(task.model, str(clip)).pred_score
    share = torch.softmax(logits, 0).tolist()
    assert {one.name: one.score for one in found} == pytest.approx(
        {'left': share[0], 'right': share[1]}
    )
    assert math.isclose(sum(one.score for one in found), 1, rel_tol=1e-6)


def test_probabilities_stay_as_they_are(
    video: tuple[Config, Path], tmp_path: Path
) -> None:
    cfg, task_file = video
    clip = write_clips(tmp_path / 'clips') / '0_0.mp4'
    expected = predict(load_task(cfg, task_file, 'cpu'), [clip])
    cfg.model.cls_head.average_clips = 'prob'
    found = predict(load_task(cfg, task_file, 'cpu'), [clip])
    assert [one.score for one in found[0]] == pytest.approx(
        [one.score for one in expected[0]]
    )


def test_without_names_the_index_is_the_name(
    image: tuple[Config, Path], tmp_path: Path
) -> None:
    cfg, file = image
    content = torch.load(file, weights_only=True)
    torch.save({'state_dict': content['state_dict']}, file)
    photo = write_images(tmp_path / 'photos') / 'val' / 'red' / '0.png'
    found = predict(load_task(cfg, file, 'cpu'), [photo])[0]
    assert {one.name for one in found} == {'0', '1', '2'}


@pytest.mark.parametrize('content', [b'', b'\x89PNG\r\n\x1a\nnot an image'])
def test_broken_photo(
    image: tuple[Config, Path], tmp_path: Path, content: bytes
) -> None:
    (tmp_path / 'broken.png').write_bytes(content)
    task = load_task(*image, device='cpu')
    with pytest.raises(DataError, match=r"image '.*broken.png' can't be read"):
        predict(task, [tmp_path / 'broken.png'])


def test_broken_clip(video: tuple[Config, Path], tmp_path: Path) -> None:
    whole = (write_clips(tmp_path / 'clips') / '0_0.mp4').read_bytes()
    (tmp_path / 'broken.mp4').write_bytes(whole[:500])
    task = load_task(*video, device='cpu')
    with pytest.raises(DataError, match=r"video '.*broken.mp4' can't be read"):
        predict(task, [tmp_path / 'broken.mp4'])


def test_clip_that_its_decoder_patches_up(
    video: tuple[Config, Path], tmp_path: Path
) -> None:
    clip = write_noise(tmp_path / 'damaged.avi', codec='mpeg4')
    task = load_task(*video, device='cpu')
    assert predict(task, [clip])
    with pytest.raises(DataError, match=r"video '.*damaged\.avi' can't be read"):
        predict(task, [damage(clip)])


def test_missing_input_is_named_before_any_is_predicted(
    image: tuple[Config, Path], tmp_path: Path
) -> None:
    task = load_task(*image, device='cpu')
    with pytest.raises(DataError, match='nowhere.png'):
        predict(task, [tmp_path / 'nowhere.png'])
    with pytest.raises(ConfigError, match='topk=0'):
        predict(task, [], topk=0)


def test_task_of_another_trunk(image: tuple[Config, Path], tmp_path: Path) -> None:
    cfg, file = image
    other = str(write_trunk(tmp_path / 'other.pth', seed=1))
    with pytest.raises(TaskFileError, match='trunk'):
        load_task(merge_options(cfg, {'trunk': other}), file, 'cpu')


def test_config_of_another_library(image: tuple[Config, Path]) -> None:
    cfg, file = image
    cfg.default_scope = 'mmdet'
    with pytest.raises(ConfigError, match='mmpretrain, mmaction'):
        load_task(cfg, file)


def test_config_without_a_test_set(image: tuple[Config, Path], tmp_path: Path) -> None:
    photo = write_images(tmp_path / 'photos') / 'val' / 'red' / '0.png'
    task = load_task(*image, device='cpu')
    bare = task.cfg.copy()
    bare.test_dataloader = bare.val_dataloader = None
    with pytest.raises(ConfigError, match='no test_dataloader'):
        predict(TaskModel(task.model, bare, task.classes, 'image'), [photo])
