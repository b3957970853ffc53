"""Pre-trains the two small ViTs of the quickstart, each on its own source task."""

import math
from collections.abc import Iterator
from pathlib import Path

import digits_image
import digits_video
import torch
import torch.nn.functional as F
from digits import SIZE, Scans
from torch import Tensor, nn

WIDTH, DEPTH, HEADS, PATCH = 96, 6, 4, 8
STEPS = {'image': 900, 'video': 300}
BATCH = {'image': 64, 'video': 32}
LEARNING_RATE = 1e-3
PRINT_EVERY = 150

Batch = tuple[Tensor, list[Tensor]]


def build_image_backbone() -> nn.Module:
    """MMPretrain's ViT, mean-pooled, as configs/quickstart names it."""
    from mmpretrain.models.backbones import VisionTransformer

    return VisionTransformer(
        arch={
            'embed_dims': WIDTH,
            'num_layers': DEPTH,
            'num_heads': HEADS,
            'feedforward_channels': 4 * WIDTH,
        },
        img_size=SIZE,
        patch_size=PATCH,
        out_type='avg_featmap',
        with_cls_token=False,
        final_norm=False,
    )


def build_video_backbone() -> nn.Module:
    """MMAction2's VideoMAE ViT, mean-pooled, as configs/quickstart names it."""
    from mmaction.models.backbones.vit_mae import VisionTransformer

    return VisionTransformer(
        img_size=SIZE,
        patch_size=PATCH,
        embed_dims=WIDTH,
        depth=DEPTH,
        num_heads=HEADS,
        num_frames=digits_video.FRAMES,
        tubelet_size=2,
    )


def batches(track: str, scans: Scans, steps: int) -> Iterator[Batch]:
    """Yields inputs in [-1, 1], as the configs normalise, and one label a head."""
    if track == 'image':
        for images, digit in digits_image.pretrain_batches(scans, steps, BATCH[track]):
            yield images * 2 - 1, [digit]
    else:
        for clips, digit, direction in digits_video.pretrain_batches(
            scans, steps, BATCH[track]
        ):
            yield clips * 2 - 1, [digit, direction]


def pretrain(track: str, scans: Scans, out: Path, steps: int | None = None) -> None:
    """Trains a backbone from scratch and writes it as a plain checkpoint.

    Args:
        track: 'image' (which digit) or 'video' (which digit, which diagonal).
        scans: The scans to learn from, all of the pre-training part.
        out: Checkpoint to write, ``{'state_dict': {'backbone.*': ...}}``.
        steps: Other than the track's own :data:`STEPS`, for tests.
    """
    torch.manual_seed(0)
    steps = STEPS[track] if steps is None else steps
    backbone = build_image_backbone() if track == 'image' else build_video_backbone()
    backbone.init_weights()
    classes = [10] if track == 'image' else [10, len(digits_video.DIAGONALS)]
    heads = nn.ModuleList(nn.Linear(WIDTH, count) for count in classes)
    parameters = [*backbone.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: warmup_cosine(step, steps)
    )
    right = [0] * len(heads)
    seen = 0
    for step, (inputs, labels) in enumerate(batches(track, scans, steps), 1):
        feature = backbone(inputs)
        feature = feature[-1] if isinstance(feature, tuple) else feature
        logits = [head(feature) for head in heads]
        losses = [F.cross_entropy(x, y) for x, y in zip(logits, labels, strict=True)]
        optimizer.zero_grad()
        torch.stack(losses).sum().backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        seen += len(inputs)
        for number, (x, y) in enumerate(zip(logits, labels, strict=True)):
            right[number] += int((x.argmax(1) == y).sum())
        if step % PRINT_EVERY == 0 or step == steps:
            shares = ', '.join(f'{count / seen:.0%}' for count in right)
            print(f'step {step}/{steps}, right since last said: {shares}', flush=True)
            right, seen = [0] * len(heads), 0
    state = {f'backbone.{name}': value for name, value in backbone.state_dict().items()}
    torch.save({'state_dict': state}, out)


def warmup_cosine(step: int, steps: int) -> float:
    """Factor of the learning rate: 10 % linear warm-up, then a cosine to zero."""
    warmup = max(1, steps // 10)
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
