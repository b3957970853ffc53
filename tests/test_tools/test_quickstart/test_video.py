"""The video tasks: motions, clips and their lists."""

import digits_image
import digits_video
import numpy as np
import pytest
import torch

from tests.test_tools.test_quickstart.ink import centre_of_ink, seeded


def paths(motion, count=50):
    return digits_video.motion_paths(torch.full((count,), motion), seeded())


@pytest.mark.parametrize(
    ('name', 'what', 'axis', 'sign'),
    [
        ('left', 'shift', 0, -1),
        ('right', 'shift', 0, 1),
        ('up', 'shift', 1, -1),
        ('down', 'shift', 1, 1),
        ('turn_cw', 'angle', None, 1),
        ('turn_ccw', 'angle', None, -1),
        ('grow', 'scale', None, 1),
        ('shrink', 'scale', None, -1),
    ],
)
def test_each_motion_changes_one_thing_one_way(name, what, axis, sign):
    scale, angle, shift = paths(digits_video.MOTIONS.index(name))
    moves = {'scale': scale, 'angle': angle, 'x': shift[..., 0], 'y': shift[..., 1]}
    moving = what if axis is None else 'xy'[axis]
    for key, values in moves.items():
        steps = values.diff(dim=1)
        if key != moving:
            assert (steps == 0).all()
        else:
            rest = steps[:, 3]
            others = torch.cat([steps[:, :3], steps[:, 4:]], dim=1)
            assert (rest == 0).all() and (others * sign > 0).all()


@pytest.mark.parametrize('motion', [0, 2, 4, 6])
def test_backwards_each_motion_is_its_opposite(motion):
    for forth, back in zip(paths(motion), paths(motion + 1), strict=True):
        assert torch.allclose(forth, back.flip(1), atol=1e-6)


def test_middle_frames_do_not_know_the_motion(split):
    scans = split.train.take(torch.zeros(8, dtype=torch.long))
    clips = [
        digits_video.draw_clips(scans, torch.full((8,), motion), seeded(3))
        for motion in range(8)
    ]
    for other in clips[1:]:
        assert torch.equal(clips[0][:, 3:5], other[:, 3:5])
        assert not torch.equal(clips[0][:, 0], other[:, 0])


def test_pretraining_motions_are_no_motion_of_the_target(split):
    ((clips, digit, direction),) = digits_video.pretrain_batches(split.pretrain, 1, 64)
    assert clips.shape == (64, 3, 8, 32, 32)
    assert set(digit.tolist()) <= set(range(10))
    assert sorted(set(direction.tolist())) == [0, 1, 2, 3]
    first, last = (
        [centre_of_ink(clip[:1, [frame]]) for clip in clips] for frame in (0, -1)
    )
    moved = torch.tensor(last) - torch.tensor(first)
    assert torch.equal(moved.sign(), digits_video.DIAGONALS[direction])


def test_clips_decode_to_what_was_drawn(split, tmp_path):
    decord = pytest.importorskip('decord')
    motion = torch.arange(8)
    clips = digits_video.draw_clips(split.train.take(motion), motion, seeded())
    frames = digits_image.to_uint8(clips)
    assert frames.shape == (8, 8, 32, 32, 3)
    for number, clip in enumerate(frames):
        path = tmp_path / f'{number}.mp4'
        digits_video.write_clip(path, clip)
        reader = decord.VideoReader(str(path), num_threads=1)
        assert len(reader) == digits_video.FRAMES
        read = reader.get_batch(range(digits_video.FRAMES)).asnumpy().astype(float)
        error = read - clip.numpy()
        # h264 keeps half of the colour's resolution: a loss, but not in the shape.
        assert np.sqrt((error**2).mean()) < 12
        grey = error.mean(-1)
        assert np.sqrt((grey**2).mean()) < 8


def test_clip_lists_are_balanced_and_from_their_own_scans(split, tmp_path, monkeypatch):
    monkeypatch.setattr(digits_video, 'TRAIN_CLIPS', 3)
    monkeypatch.setattr(digits_video, 'VAL_CLIPS', 2)
    used = []
    draw = digits_video.draw_clips

    def spy(scans, motion, generator):
        used.append((set(scans.index.tolist()), motion.tolist()))
        return draw(scans, motion, generator)

    monkeypatch.setattr(digits_video, 'draw_clips', spy)
    digits_video.write_clip_lists(tmp_path, split)
    assert (tmp_path / 'classes.txt').read_text().split() == list(digits_video.MOTIONS)
    for (scans, motion), part, count in zip(
        used, ('train', 'val'), (3, 2), strict=True
    ):
        assert scans <= set(getattr(split, part).index.tolist())
        lines = [line.split() for line in (tmp_path / f'{part}.txt').open()]
        assert [int(label) for _, label in lines] == motion
        assert np.bincount(motion).tolist() == [count] * 8
        assert all((tmp_path / name).stat().st_size > 500 for name, _ in lines)


# --- steps ---------------------------------------------------------------------------
