"""What the table says of what the runs left."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from compare.methods import find_method
from compare.report import Row, markdown, rates_markdown, write_csv
from compare.runs import Run, Settings, best_rate

SETTINGS = Settings(epochs=2, amp=False, options=())
ROWS = [
    Row('full', 1e-4, 1000, 1000, 4_000_000, (50.0, 52.0), 0.5, 2**31),
    Row('linear', None, 10, 1000, 40_000, (40.0,), 0.25, 2**30),
]


def new_run(folder: Path, records: list[dict], **options: object) -> Run:
    for number, some in enumerate([records[:1], records[1:]]):  # two starts
        log = folder / f'2026_{number}' / 'vis_data' / 'scalars.json'
        log.parent.mkdir(parents=True)
        log.write_text(''.join(json.dumps(record) + '\n' for record in some))
    return Run(
        **{
            'method': find_method('linear'),
            'seed': 0,
            'rate': None,
            'folder': folder,
            'config': folder / 'c.py',
            'settings': SETTINGS,
            **options,
        }
    )


@pytest.mark.parametrize(
    ('name', 'value'),
    [('accuracy/top1', 60.0), ('acc/top1', 0.6), ('multi-label/mAP', 60.0)],
)
def test_the_last_score_counts_in_percent(
    tmp_path: Path, name: str, value: float
) -> None:
    records = [
        {name: value * 1.5, 'step': 1},
        {'loss': 2.0, 'time': 0.2, 'step': 10},
        {name: value, 'step': 2},
        {'loss': 1.0, 'time': 0.4, 'step': 20, 'memory': 512},
    ]
    run = new_run(tmp_path, records)
    assert run.score() == pytest.approx(60)
    assert run.losses() == [(10, 2.0), (20, 1.0)]
    assert run.seconds_per_iteration() == pytest.approx(0.3)
    assert run.gpu_bytes() == 2**29


def test_a_start_that_was_killed_may_repeat_steps_and_leave_half_a_line(
    tmp_path: Path,
) -> None:
    run = new_run(tmp_path, [{'loss': 3.0, 'step': 10}, {'loss': 2.0, 'step': 20}])
    killed = tmp_path / '2026_0' / 'vis_data' / 'scalars.json'
    with killed.open('a') as file:
        file.write(json.dumps({'loss': 2.5, 'step': 20}) + '\n{"loss": 1.')
    assert run.losses() == [(10, 3.0), (20, 2.0)]


def test_a_log_without_a_known_score_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='accuracy/top1'):
        new_run(tmp_path, [{'loss': 1.0, 'step': 1}]).score()


def test_the_lower_rate_wins_where_two_are_level(tmp_path: Path) -> None:
    runs = [
        new_run(
            tmp_path / str(rate), [{'accuracy/top1': score}], rate=rate, holdout=0.2
        )
        for rate, score in ((1e-1, 80.0), (1e-3, 80.0), (1e-2, 80.0), (1e-4, 79.0))
    ]
    assert best_rate(runs) == 1e-3
    assert rates_markdown([runs]).splitlines() == [
        '| held-out score % | 0.0001 | 0.001 | 0.01 | 0.1 |',
        '| --- | --- | --- | --- | --- |',
        '| linear | 79.00 | 80.00 | 80.00 | 80.00 |',
    ]


def test_the_table(tmp_path: Path) -> None:
    lines = markdown(ROWS).splitlines()
    assert lines[2] == (
        '| full | 0.0001 | 1,000 | 100.00 % | 4.00 MB | 51.00 ± 1.41 | 0.500 '
        '| 2.00 GiB |'
    )
    assert lines[3] == (
        "| linear | the config's | 10 | 1.00 % | 0.04 MB | 40.00 | 0.250 | 1.00 GiB |"
    )
    write_csv(ROWS, tmp_path / 'a.csv')
    with (tmp_path / 'a.csv').open() as file:
        rows = list(csv.DictReader(file))
    assert [(r['method'], r['seed'], r['score']) for r in rows] == [
        ('full', '0', '50.0'),
        ('full', '1', '52.0'),
        ('linear', '0', '40.0'),
    ]
