"""The quickstart's data, steps and report; its commands are run in the slow test."""

import csv
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools' / 'quickstart'))

import digits_image  # noqa: E402
import digits_video  # noqa: E402
from digits import Scans, Split, draw_mask, split_digits  # noqa: E402
from plot import plot  # noqa: E402
from prepare import write_data  # noqa: E402
from pretrain import pretrain  # noqa: E402
from report import Row, cells, markdown, remarks, trained_parameters, write_csv  # noqa: E402
from run import clear, parse_args  # noqa: E402
from steps import Step, StepError, Steps, newest, progress  # noqa: E402
from tracks import TRACKS, all_runs, all_steps  # noqa: E402

from tests.test_tools.cli import run_tool  # noqa: E402


@pytest.fixture(scope='module')
def split():
    return split_digits()


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_parts_share_no_scan(split):
    parts = [
        set(part.index.tolist()) for part in (split.pretrain, split.train, split.val)
    ]
    assert [len(part) for part in parts] == [900, 300, 597]
    assert len(set.union(*parts)) == 1797
    assert max(parts[0]) < min(parts[1] | parts[2])
    assert torch.bincount(split.train.label).tolist() == [30] * 10


def test_scans_are_the_data_of_scikit_learn(split):
    from sklearn.datasets import load_digits

    data = load_digits()
    for part in (split.pretrain, split.train, split.val):
        assert (part.label.numpy() == data.target[part.index]).all()
        assert np.allclose(part.ink[:, 0].numpy() * 16, data.images[part.index])


def blob():
    """A scan with ink in one corner, upper left."""
    ink = torch.zeros(1, 1, 8, 8)
    ink[0, 0, 1:3, 1:3] = 1
    return ink


def centre_of_ink(mask):
    """Right and down of the image's centre, in pixels."""
    axis = torch.arange(32) - 15.5
    weight = mask[0, 0] / mask.sum()
    return (weight.sum(0) * axis).sum().item(), (weight.sum(1) * axis).sum().item()


@pytest.mark.parametrize(
    ('scale', 'degrees', 'shift', 'expected'),
    [
        # The blob's centre is 2 pixels of the scan left of and above the middle.
        (2.0, 0, (0, 0), (-4, -4)),
        (3.0, 0, (0, 0), (-6, -6)),
        (2.0, 0, (5, -3), (1, -7)),
        (2.0, 90, (0, 0), (4, -4)),  # a quarter clockwise: upper right
        (2.0, 180, (1, 0), (5, 4)),
    ],
)
def test_draw_mask_puts_the_ink_where_the_pose_says(scale, degrees, shift, expected):
    mask = draw_mask(
        blob(),
        torch.tensor([scale]),
        torch.deg2rad(torch.tensor([float(degrees)])),
        torch.tensor([shift], dtype=torch.float32),
    )
    assert centre_of_ink(mask) == pytest.approx(expected, abs=0.15)


def test_shear_moves_the_lower_half_to_the_right():
    pose = (torch.tensor([2.0]), torch.zeros(1), torch.zeros(1, 2))
    upright = centre_of_ink(draw_mask(blob(), *pose))
    slanted = centre_of_ink(draw_mask(blob(), *pose, torch.tensor([0.5])))
    # Above the middle everything moves left, by half of its height.
    assert slanted == pytest.approx((upright[0] - 2, upright[1]), abs=0.15)


def test_source_is_light_on_dark_and_target_dark_on_light(split):
    scans = split.train.take(torch.arange(64))
    source = digits_image.draw_light_on_dark(scans, seeded())
    target = digits_image.draw_ink_on_paper(scans, seeded())
    assert source.shape == target.shape == (64, 3, 32, 32)
    for images, lighter in ((source, True), (target, False)):
        assert images.min() >= 0 and images.max() <= 1
        border = images[..., 0, :].mean((1, 2))
        extreme = images.mean(1).flatten(1)
        extreme = extreme.amax(1) if lighter else extreme.amin(1)
        assert ((extreme > border) == lighter).all()


def test_image_folder_is_whole_balanced_and_disjoint(split, tmp_path):
    digits_image.write_image_folder(tmp_path, split)
    files = {
        part: sorted((tmp_path / part).glob('*/*.png')) for part in ('train', 'val')
    }
    labels = {part: [int(f.parent.name) for f in files[part]] for part in files}
    assert np.bincount(labels['train']).tolist() == [30] * 10
    assert len(files['val']) == 2 * 597
    scans = {part: {int(f.name[:4]) for f in files[part]} for part in files}
    assert scans['train'] == set(split.train.index.tolist())
    assert scans['val'] == set(split.val.index.tolist())
    true = dict(zip(split.val.index.tolist(), split.val.label.tolist(), strict=True))
    assert all(int(f.parent.name) == true[int(f.name[:4])] for f in files['val'])
    image = cv2.imread(str(files['val'][0]))
    assert image.shape == (32, 32, 3) and image.dtype == np.uint8


def test_image_folder_holds_what_was_drawn(split, tmp_path):
    few = Scans(split.train.index[:2], split.train.ink[:2], split.train.label[:2])
    digits_image.write_image_folder(tmp_path, type(split)(split.pretrain, few, few), 7)
    drawn = digits_image.draw_ink_on_paper(few, seeded(7))
    index, label = few.index[1].item(), few.label[1].item()
    file = tmp_path / 'train' / str(label) / f'{index:04d}_0.png'
    read = cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB) / 255
    assert np.abs(read - drawn[1].permute(1, 2, 0).numpy()).max() <= 0.5 / 255 + 1e-6


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


def write(path, text, code=''):
    """A step's command: append ``text`` to ``path``, then run ``code``."""
    script = f'open({str(path)!r}, "a").write({text!r}); {code}'
    return (sys.executable, '-c', script)


def test_steps_run_in_order_and_only_once(tmp_path):
    out = tmp_path / 'out'
    source = tmp_path / 'source'
    source.write_text('1')
    steps = [
        Step('b', 'second', write(out, 'b'), needs=('a',)),
        Step('a', 'first', write(out, 'a'), inputs=(source,), outputs=(out,)),
    ]
    for _ in range(2):
        Steps(steps, tmp_path / 'steps', jobs=2).run()
        assert out.read_text() == 'ab'
    source.write_text('2')  # what a step reads has changed: it and its followers run
    Steps(steps, tmp_path / 'steps', jobs=2).run()
    assert out.read_text() == 'abab'
    out.unlink()  # what a step left is gone
    done = Steps(steps, tmp_path / 'steps', jobs=2)
    done.run()
    assert out.read_text() == 'ab'
    assert 0 < done.cpu_seconds('a') < 10


def test_an_input_that_changes_during_a_step_makes_it_run_again(tmp_path):
    source = tmp_path / 'source'
    source.write_text('1')
    change = write(tmp_path / 'out', 'a', f'open({str(source)!r}, "a").write("2")')
    step = Step('a', 'first', change, inputs=(source,))
    for count in (1, 2):
        Steps([step], tmp_path / 'steps', jobs=1).run()
        assert (tmp_path / 'out').read_text() == 'a' * count


def test_a_failing_step_shows_its_log_and_ends_the_others(tmp_path):
    slow = Step(
        'slow', 'slow', write(tmp_path / 'slow', 's', 'import time; time.sleep(60)')
    )
    bad = Step('bad', 'The bad one', write(tmp_path / 'bad', 'b', '1 / 0'))
    steps = Steps([slow, bad], tmp_path / 'steps', jobs=2)
    with pytest.raises(StepError, match='(?s)The bad one failed.*ZeroDivisionError'):
        steps.run()
    assert [one.process.poll() is not None for one in steps.running] == [True]
    again = Step('bad', 'The bad one', write(tmp_path / 'bad', 'b'))
    ok = Steps([again], tmp_path / 'steps', jobs=1)
    ok.run()
    assert ok.done == {'bad'}


def test_a_step_that_leaves_nothing_fails(tmp_path):
    step = Step('a', 'first', (sys.executable, '-c', ''), outputs=(tmp_path / 'none',))
    with pytest.raises(StepError, match='it left no .*none'):
        Steps([step], tmp_path / 'steps', jobs=1).run()


def test_progress_is_the_last_thing_a_log_names(tmp_path):
    log = tmp_path / 'log'
    log.write_text('')
    assert progress(log) == 'starting'
    log.write_text('step 150/900, right\nstep 300/900, right\n')
    assert progress(log) == 'step 300/900'
    log.write_text('INFO - Epoch(train)  [7][9/9]  lr: 1\nEpoch(val) [7][1/2]')
    assert progress(log) == 'epoch 7'


def test_a_pattern_is_the_newest_file(tmp_path):
    (tmp_path / 'best_1.pth').write_text('')
    assert newest(tmp_path / 'best_*.pth') == str(tmp_path / 'best_1.pth')
    assert newest('a*b') == 'a*b'
    with pytest.raises(StepError, match='no file'):
        newest(tmp_path / 'last_*.pth')


def test_every_method_is_trained_tested_and_asked(tmp_path):
    runs = all_runs(tmp_path, seeds=2)
    steps = {step.name: step for step in all_steps(runs, tmp_path)}
    assert len(runs) == 12
    assert len(steps) == 2 + 12 + 12 + 6
    assert all(need in steps for step in steps.values() for need in step.needs)
    assert all(path.is_file() for step in steps.values() for path in step.inputs)
    assert all(run.config.is_file() for run in runs)
    train = steps['train-video-full-1'].command
    assert train[train.index('--seed') + 1] == '1'


def test_fresh_removes_its_own_files_alone(tmp_path):
    mine = [tmp_path / 'data' / 'image', tmp_path / 'video', tmp_path / 'steps']
    for folder in mine:
        folder.mkdir(parents=True)
    for name in ('trunk_image.pth', 'results.csv', 'letter.txt'):
        (tmp_path / name).write_text('')
    clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ['letter.txt']


@pytest.mark.parametrize('option', ['--seeds', '--jobs'])
def test_a_count_of_nothing_is_refused(option, capsys):
    with pytest.raises(SystemExit):
        parse_args([option, '0'])
    assert f'{option} 0: a whole number from 1 on' in capsys.readouterr().err


# --- report --------------------------------------------------------------------------


@pytest.fixture
def rows():
    figures = {
        'linear': (970, 8_000, (40.0, 44.0)),
        'adaptformer': (75_658, 320_000, (72.0, 76.0)),
        'full': (692_266, 2_800_000, (80.0, 84.0)),
    }
    return [
        Row(track, method, trained, size, 12.3, top1)
        for track in ('image', 'video')
        for method, (trained, size, top1) in figures.items()
    ]


def test_table_has_the_figures(rows):
    assert cells(rows)[1] == (
        'digits in images',
        'AdaptFormer-64',
        '75,658',
        '10.9%',
        '320 kB',
        '12 s',
        '74.0 ± 2.8',
    )
    lines = markdown(rows).splitlines()
    assert len(lines) == 2 + 6
    assert len({len(line) for line in lines}) == 1


def test_remarks_say_how_far_and_no_more(rows):
    text = remarks(rows)
    assert '+32.0 points over linear probing, 80% of the way' in text
    assert '(-8.0 points)' in text
    assert 'no benchmark' in text and '2 seeds' in text
    assert 'better' not in text


def test_csv_and_plot(rows, tmp_path):
    write_csv(rows, tmp_path / 'r.csv')
    read = list(csv.DictReader((tmp_path / 'r.csv').open()))
    assert len(read) == 12
    assert read[3]['top1'] == '76.0' and read[3]['trained'] == '75658'
    plot(rows, tmp_path / 'r.png')
    assert cv2.imread(str(tmp_path / 'r.png')).shape[1] > 800


def test_top1_is_read_from_either_library(tmp_path):
    video, image = (
        next(r for r in all_runs(tmp_path, 1) if r.track.name == name)
        for name in TRACKS
    )
    for run, scores in ((image, {'accuracy/top1': 41.5}), (video, {'acc/top1': 0.415})):
        (run.folder / 'test' / '2026').mkdir(parents=True)
        (run.folder / 'test' / '2026' / 's.json').write_text(json.dumps(scores))
        assert run.top1() == pytest.approx(41.5)


# --- the commands themselves ---------------------------------------------------------

TRAINED = {
    # Head 96 x 10 + 10; six adapters of 2 x 96 x 64 + 96 + 64; the whole ViT.
    'image': {'linear': 970, 'adaptformer': 970 + 6 * 12_448, 'full': 692_266},
    # Head 96 x 8 + 8 and fc_norm 2 x 96; the same adapters; the whole ViT.
    'video': {'linear': 968, 'adaptformer': 968 + 6 * 12_448, 'full': 708_392},
}


@pytest.mark.slow
@pytest.mark.parametrize('track', TRACKS)
def test_commands_of_one_track(track, split, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(digits_video, 'TRAIN_CLIPS', 8)
    monkeypatch.setattr(digits_video, 'VAL_CLIPS', 2)
    few = Split(split.pretrain, split.train, split.val.take(torch.arange(64)))
    write_data(track, tmp_path / 'data' / track, few)
    pretrain(track, split.pretrain, tmp_path / f'trunk_{track}.pth', steps=2)

    short = ['train_cfg.max_epochs=1', 'param_scheduler.warmup=0']
    runs = [run for run in all_runs(tmp_path, 1) if run.track.name == track]
    for run in runs:
        for step in run.steps():
            script, *arguments = step.command[3:]
            run_tool(
                monkeypatch,
                script.stem,
                *(newest(part) for part in arguments),
                *(short if script.stem == 'train' else []),
            )
        checkpoint = next(run.folder.glob('epoch_1.pth'))
        assert trained_parameters(checkpoint) == TRAINED[track][run.method]
        assert 0 <= run.top1() <= 100
        said = capsys.readouterr().out.rpartition(str(run.sample))[2].split()
        assert len(said) == 2 * 5 and said[1].endswith('%')
        names = digits_video.MOTIONS if track == 'video' else '0123456789'
        assert set(said[::2]) <= set(names)
    sizes = {run.method: run.best().stat().st_size for run in runs}
    assert sizes['linear'] < sizes['adaptformer'] < sizes['full'] / 5
