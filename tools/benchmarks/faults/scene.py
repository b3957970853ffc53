"""What the files campaign breaks: tiny data, a trunk, configs, and trained tasks."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import torch

from .media import draw_clips, draw_photos
from .runs import TOOLS, run

__all__ = ['Scene', 'write_scenes']

LIMIT = 300.0
CLASSES = ('blue', 'red')

MODEL = """
_base_ = '{configs}/{base}.py'
data_root = {data!r}
trunk = {trunk!r}
arch = dict(_delete_=True, num_heads=2)
model = dict(backbone=dict(img_size=32, patch_size=8, adapter=dict(bottleneck=4)))
"""

PHOTOS = """
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=32),
    dict(type='PackInputs')]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=32),
    dict(type='PackInputs')]
"""

CLIPS = """
num_frames = 4
train_pipeline = [
    dict(type='OpenVideo'),
    dict(type='SampleClip', clip_len=4, frame_interval=2, random=True),
    dict(type='DecodeVideo'),
    dict(type='MultiScaleResizedCrop', size=32),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs', meta_keys=('img_shape', 'filename'))]
test_pipeline = [
    dict(type='OpenVideo'),
    dict(type='SampleClip', clip_len=4, frame_interval=2, random=False),
    dict(type='DecodeVideo'),
    dict(type='ResizeShortSide', size=32),
    dict(type='SquareViews', num_views=1),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs', meta_keys=('img_shape', 'filename'))]
"""

COMMON = """
train_dataloader = dict(
    batch_size=4, num_workers=0, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=4, num_workers=0, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=2)
default_hooks = dict(
    checkpoint=dict(max_keep_ckpts=-1, save_best=None), logger=dict(interval=1))
"""

CONFIGS = {
    'image': ('adaptformer_image_folder', PHOTOS),
    'video': ('adaptformer_video_list', CLIPS),
    'labels': ('adaptformer_image_multilabel', PHOTOS),
}
"""A shipped config, and the pipelines in place of its own."""


@dataclass(frozen=True)
class Scene:
    """One kind of data with a config, and an undisturbed training on it.

    Attributes:
        name: ``'image'``, ``'video'`` or ``'labels'``.
        data: The data's folder.
        config: The config, which names data and trunk.
        trunk: The trunk's file.
        work: The work_dir, with ``epoch_1.pth``, ``epoch_2.pth`` and the whole config.
        samples: Files for predictions.
    """

    name: str
    data: Path
    config: Path
    trunk: Path
    work: Path
    samples: tuple[Path, ...]

    @property
    def task(self) -> Path:
        """The task file of the last epoch."""
        return self.work / 'epoch_2.pth'

    @property
    def dumped(self) -> Path:
        """The whole config, as the training wrote it."""
        return self.work / self.config.name


def write_scenes(folder: Path, names: tuple[str, ...]) -> dict[str, Scene]:
    """Write data, trunk and configs, and train on each.

    Args:
        folder: Where to; what is there goes.
        names: Of the scenes.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    trunk = write_trunk(folder / 'trunk.pth')
    scenes = {}
    for name in names:
        data = folder / name
        samples = write_data(data, name)
        config = folder / f'{name}.py'
        base, pipelines = CONFIGS[name]
        model = MODEL.format(
            configs=TOOLS.parent / 'configs',
            base=base,
            data=str(data),
            trunk=str(trunk),
        )
        config.write_text(model + pipelines + COMMON)
        work = folder / f'{name}_work'
        ended = run(
            'train.py',
            [str(config), '--work-dir', str(work)],
            folder / f'{name}.log',
            LIMIT,
        )
        if ended.status != 0:
            raise RuntimeError(
                f'the undisturbed {name} run failed:\n{ended.log[-3000:]}'
            )
        scenes[name] = Scene(name, data, config, trunk, work, samples)
    return scenes


def write_trunk(file: Path) -> Path:
    """A small random ViT, as MMPretrain would save it."""
    from mmpretrain.models import VisionTransformer

    torch.manual_seed(0)
    arch = {'embed_dims': 24, 'num_layers': 2, 'num_heads': 2}
    arch['feedforward_channels'] = 48
    vit = VisionTransformer(arch=arch, img_size=32, patch_size=8)
    state = {
        f'backbone.{name}': tensor + 0.02 * torch.randn_like(tensor)
        for name, tensor in vit.state_dict().items()
    }
    torch.save({'state_dict': state}, file)
    return file


def write_data(data: Path, name: str) -> tuple[Path, ...]:
    """Photos or clips of two colours, with their lists; a file of each form."""
    if name == 'video':
        clips = draw_clips(data)
        lines = [f'{clip.name} {label}' for label, clip in clips]
        write_lists(data, lines, '.txt')
        return tuple(clip for _, clip in clips)
    photos = draw_photos(data)
    (data / 'val').mkdir()
    paths = [photo.relative_to(data) for _, photo in photos]
    labels = [label for label, _ in photos]
    if name == 'labels':
        lines = [
            f'{path},{CLASSES[label]}' + (',big' if index % 2 else '')
            for index, (path, label) in enumerate(zip(paths, labels, strict=True))
        ]
        write_lists(data, lines, '.csv', (*CLASSES, 'big'))
    else:
        lines = [f'{path} {label}' for path, label in zip(paths, labels, strict=True)]
        write_lists(data, lines, '.txt')
    return tuple(photo for _, photo in photos)


def write_lists(
    data: Path, lines: list[str], ending: str, classes: tuple[str, ...] = CLASSES
) -> None:
    """Two lists with the same lines, and the names."""
    for part in ('train', 'val'):
        (data / f'{part}{ending}').write_text(''.join(f'{line}\n' for line in lines))
    (data / 'classes.txt').write_text(''.join(f'{name}\n' for name in classes))
