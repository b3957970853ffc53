"""The motion task: eight motions of a digit in h264 clips.

What moves says nothing about the class. Every clip rests for one frame in its
middle, and the pose at rest, the scan, the colours and the ground are drawn without
looking at the class, so the two middle frames have the same distribution in all
classes. Played backwards each motion is another class, so a model that is blind
to the order of the frames gets half of the clips at most.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import torch
from digits import SIZE, Scans, Split, draw_mask, paint, uneven, uniform
from digits_image import to_uint8
from torch import Tensor

MOTIONS = ('left', 'right', 'up', 'down', 'turn_cw', 'turn_ccw', 'grow', 'shrink')
FRAMES = 8
TIMES = torch.tensor([-3.0, -2.0, -1.0, 0.0, 0.0, 1.0, 2.0, 3.0])
"""When each frame is taken: symmetric, and at rest in the middle."""

TRAIN_CLIPS = 50
VAL_CLIPS = 40
"""Clips a class."""


def motion_paths(
    motion: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Poses over time of clips of the given motions.

    Args:
        motion: Index into :data:`MOTIONS`, ``(N,)``.
        generator: Where the randomness comes from.

    Returns:
        Scale ``(N, T)``, angle ``(N, T)`` and shift ``(N, T, 2)``, as
        :func:`digits.draw_mask` takes them.
    """
    count = len(motion)
    scale = uniform(1.9, 2.7, (count, 1), generator)
    angle = uniform(-torch.pi, torch.pi, (count, 1), generator)
    shift = uniform(-3, 3, (count, 1, 2), generator)
    speed = uniform(0.8, 1.2, (count, 1), generator) * TIMES  # (N, T)
    kind, sign = motion // 2, (motion % 2 * 2 - 1)[:, None] * speed
    zero = torch.zeros_like(sign)
    step = torch.stack(
        [
            torch.where(kind[:, None] == 0, 1.6 * sign, zero),
            torch.where(kind[:, None] == 1, 1.6 * sign, zero),
        ],
        dim=-1,
    )
    turn = torch.where(kind[:, None] == 2, -0.17 * sign, zero)
    growth = torch.where(kind[:, None] == 3, -0.10 * sign, zero)
    return scale * growth.exp(), angle + turn, shift + step


def _masks(ink: Tensor, scale: Tensor, angle: Tensor, shift: Tensor) -> Tensor:
    """Masks of clips, ``(N, T, 1, SIZE, SIZE)``."""
    count, frames = scale.shape
    repeated = ink.repeat_interleave(frames, dim=0)
    flat = draw_mask(
        repeated, scale.flatten(), angle.flatten(), shift.flatten(end_dim=1)
    )
    return flat.reshape(count, frames, 1, SIZE, SIZE)


def draw_clips(scans: Scans, motion: Tensor, generator: torch.Generator) -> Tensor:
    """Clips of the target task: coloured digits of any polarity on textures.

    Args:
        scans: What moves, N of them.
        motion: Index into :data:`MOTIONS`, ``(N,)``.
        generator: Where the randomness comes from.

    Returns:
        RGB in [0, 1], ``(N, T, 3, SIZE, SIZE)``.
    """
    count = len(scans)
    masks = _masks(scans.ink, *motion_paths(motion, generator))
    dark = uniform(0.05, 0.40, (count, 1, 3, 1, 1), generator)
    light = uniform(0.75, 1.0, (count, 1, 3, 1, 1), generator)
    flip = (torch.rand((count, 1, 1, 1, 1), generator=generator) < 0.5).float()
    ink, ground = light + flip * (dark - light), dark + flip * (light - dark)
    ground = ground + 0.08 * uneven((count, 3), 5, generator)[:, None]
    clips = paint(masks, ink, ground)
    clips = clips + 0.02 * torch.randn(clips.shape, generator=generator)
    return clips.clamp(0, 1)


DIAGONALS = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
"""The four directions of pre-training; none is a motion of the target."""


def pretrain_batches(
    scans: Scans, steps: int, batch: int, seed: int = 0
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yields upright white digits that move along a diagonal on black.

    Yields:
        Clips ``(B, 3, T, SIZE, SIZE)``, their digits and their directions.
    """
    generator = torch.Generator().manual_seed(seed)
    times = torch.arange(FRAMES) - (FRAMES - 1) / 2
    for _ in range(steps):
        drawn = scans.draw(batch, generator)
        direction = torch.randint(len(DIAGONALS), (batch,), generator=generator)
        speed = uniform(0.7, 1.3, (batch, 1), generator) * times  # (B, T)
        shift = uniform(-2, 2, (batch, 1, 2), generator)
        shift = shift + DIAGONALS[direction][:, None] * speed[..., None]
        scale = uniform(1.9, 2.7, (batch, 1), generator).expand(-1, FRAMES)
        masks = _masks(drawn.ink, scale, torch.zeros(batch, FRAMES), shift)
        yield masks.movedim(1, 2).expand(-1, 3, -1, -1, -1), drawn.label, direction


def write_clip(path: Path, frames: Tensor) -> None:
    """Writes one h264 clip.

    Args:
        path: The mp4 to write.
        frames: RGB, uint8, ``(T, H, W, 3)`` with even sides.
    """
    options = {'preset': 'veryfast', 'crf': '18', 'bf': '0'}
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('libx264', rate=Fraction(8), options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = 'yuv420p'
        stream.codec_context.thread_count = 1
        for frame in frames.numpy():
            picture = av.VideoFrame.from_ndarray(frame, format='rgb24')
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def write_clip_lists(root: Path, split: Split, seed: int = 2) -> None:
    """Writes ``root/{train,val}/*.mp4``, ``train.txt``, ``val.txt``, ``classes.txt``.

    A line of a list is ``train/0001.mp4 3``: the clip and its class.

    Args:
        root: Where to write; made when missing.
        split: The scans; only its target parts are used.
        seed: Of scans, poses, colours and grounds.
    """
    generator = torch.Generator().manual_seed(seed)
    for part, scans, per_class in (
        ('train', split.train, TRAIN_CLIPS),
        ('val', split.val, VAL_CLIPS),
    ):
        (root / part).mkdir(parents=True, exist_ok=True)
        motion = torch.arange(len(MOTIONS)).repeat(per_class)
        clips = draw_clips(scans.draw(len(motion), generator), motion, generator)
        lines = []
        labels = motion.tolist()
        for number, (clip, label) in enumerate(zip(clips, labels, strict=True)):
            name = f'{part}/{number:04d}.mp4'
            write_clip(root / name, to_uint8(clip))
            lines.append(f'{name} {label}\n')
        (root / f'{part}.txt').write_text(''.join(lines))
    (root / 'classes.txt').write_text('\n'.join(MOTIONS) + '\n')
