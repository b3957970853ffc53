"""The table, the remarks and the plot."""

import csv
import json

import cv2
import pytest
from plot import plot
from report import Row, cells, markdown, remarks, write_csv
from tracks import TRACKS, all_runs


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
