"""The commands of the quickstart, run."""

import digits_video
import pytest
import torch
from common.steps import newest
from digits import Split
from prepare import write_data
from pretrain import pretrain
from report import trained_parameters
from tracks import TRACKS, all_runs

from tests.test_tools.cli import run_tool

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
