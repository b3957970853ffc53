"""tools/benchmarks/decode.py: both sides draw the same frames, and are measured."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from mmengine.registry import DefaultScope

from tests.test_datasets.clips import write_noise
from tests.test_tools.cli import ROOT, load_tool


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / 'tools' / 'benchmarks'))
    return load_tool('benchmarks/decode')


def test_both_sides_read_the_same_frames(tool: ModuleType, tmp_path: Path) -> None:
    clip = write_noise(tmp_path / 'a.mp4')
    given = tool.inputs(clip, tmp_path, 256)
    assert set(given) == set(tool.KINDS)
    with DefaultScope.overwrite_default_scope('mmaction'):
        for views in (1, 4):
            steps = tool.pipelines(4, views, 'pillow')
            read = {}
            for kind in tool.KINDS:
                np.random.seed(1)
                read[kind] = steps.get(kind, steps['ours'])[0](dict(given[kind]))
            drawn = [results['frame_inds'].tolist() for results in read.values()]
            assert all(indices == drawn[0] for indices in drawn)
            for kind in ('original', 'raw'):
                assert np.array_equal(read[kind]['imgs'], read['mmaction']['imgs'])
            for kind in ('reencoded', 'jpeg'):
                assert not np.array_equal(read[kind]['imgs'], read['mmaction']['imgs'])


def test_a_table(
    tool: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for number in range(2):
        write_noise(tmp_path / f'{number}.mp4')
    argv = ['--clips', str(tmp_path), '--count', '2', '--rounds', '1']
    monkeypatch.setattr('sys.argv', ['decode.py', *argv])
    monkeypatch.setenv('LOCAL_WORLD_SIZE', '1')  # which the tool sets
    tool.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == '2 clips of 40 to 40 frames'
    assert len(lines) == 6
    assert all(line.count('|') == 7 for line in lines[1:])
