"""Pictures of clip predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

__all__ = ['ShowClipHook', 'strip_of']

BAR = 18  # height in pixels of a line of text above the frames
WIDTH = 420  # least width of a picture, so that the text fits


@HOOKS.register_module()
class ShowClipHook(Hook):
    """Draws frames of a tested clip in a row, with its classes above.

    MMAction2's own hook fails on what a 3-D recognizer reads, and its visualizer looks
    for the prediction under a name that samples no longer have.

    Args:
        enable: Whether to draw at all.
        interval: Draw every Nth sample of a process.
        show: Open a window.
        out_dir: Folder to write into; None writes to the visualizer's backends.
        wait_time: Seconds that a window stays.
        frames: Number of frames a picture, evenly spaced.
    """

    def __init__(
        self,
        enable: bool = True,
        interval: int = 1,
        show: bool = False,
        out_dir: str | None = None,
        wait_time: float = 2.0,
        frames: int = 8,
    ) -> None:
        self.enable = enable
        self.interval = interval
        self.show = show
        self.out_dir = out_dir
        self.wait_time = wait_time
        self.frames = frames

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Mapping[str, Any] | None = None,
        outputs: Sequence[Any] | None = None,
    ) -> None:
        """Draw the samples of one batch whose turn it is."""
        if not self.enable or data_batch is None or outputs is None:
            return
        dataset = runner.test_loop.dataloader.dataset
        classes = getattr(dataset, 'metainfo', {}).get('classes') or ()
        first = batch_idx * (runner.test_loop.dataloader.batch_size or len(outputs))
        for offset, sample in enumerate(outputs):
            if (first + offset) % self.interval == 0:
                lines = describe(sample, classes)
                strip = strip_of(data_batch['inputs'][offset], lines, self.frames)
                # Sampled in turn: process r of n has the samples r, r + n, r + 2n ...
                index = (first + offset) * runner.world_size + runner.rank
                self.give(runner, f'clip_{index}', strip)

    def give(self, runner: Runner, name: str, strip: np.ndarray) -> None:
        """Show one picture, and write it."""
        if self.show:
            runner.visualizer.show(strip, win_name=name, wait_time=self.wait_time)
        if self.out_dir is None:
            runner.visualizer.add_image(name, strip)
            return
        folder = Path(self.out_dir)
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f'{name}.png'), strip[..., ::-1])


def describe(sample: Any, classes: Sequence[str]) -> list[str]:
    """Lines of text: the true class where it is known, and the predicted one."""

    def name(label: Tensor) -> str:
        index = int(label.flatten()[0])
        return f'{classes[index] if 0 <= index < len(classes) else index}'

    lines = [f'true: {name(sample.gt_label)}'] if 'gt_label' in sample else []
    return [*lines, f'predicted: {name(sample.pred_label)}']


def strip_of(clip: Tensor, lines: Sequence[str], frames: int) -> np.ndarray:
    """A picture ``(H, W, 3)``, RGB, of a clip.

    Args:
        clip: ``(3, T, H, W)``, or several views of it ``(views, 3, T, H, W)``, of which
            the first is drawn; RGB from 0 to 255.
        lines: Text above the frames.
        frames: At most so many of them.
    """
    view = clip[0] if clip.dim() == 5 else clip
    chosen = np.linspace(0, view.shape[1] - 1, min(frames, view.shape[1])).round()
    pictures = view[:, chosen.astype(int)].permute(1, 2, 3, 0).cpu().numpy()
    row = np.concatenate(list(pictures.clip(0, 255).astype(np.uint8)), axis=1)
    row = np.pad(row, ((0, 0), (0, max(WIDTH - row.shape[1], 0)), (0, 0)))
    bar = np.zeros((BAR * len(lines), row.shape[1], 3), dtype=np.uint8)
    white = (255, 255, 255)
    for index, line in enumerate(lines):
        place = (4, BAR * (index + 1) - 5)
        cv2.putText(bar, line, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, white, 1)
    return np.concatenate([bar, row])
