"""tools/data/frame_store.py: frames that a shipped config trains from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import DATASETS, DefaultScope

from mmadapt.config import load_config, merge_options, resolve_config
from mmadapt.datasets.frame_read import StoredClip
from mmadapt.datasets.frame_store import FrameStore
from mmadapt.datasets.readers import VideoFile
from mmadapt.datasets.video import VideoList
from mmadapt.errors import ConfigError, DataError
from tests.test_configs.test_build import CONFIGS
from tests.test_datasets.clips import write_clip
from tests.test_tools.cli import run_tool

FILE_OF_FRAMES = ('frames_file', 'total_frames', 'frames_size')


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two splits, with a clip in both, and one outside the folder."""
    root = tmp_path / 'data'
    write_clip(root / 'a.mp4', 40)
    write_clip(tmp_path / 'far' / 'b.mp4', 5)
    for split in ('split1', 'split2'):
        (root / split).mkdir()
        for part in ('train', 'val', 'test'):
            text = f'a.mp4 0\n{tmp_path}/far/b.mp4 1\n'
            (root / split / f'{part}.csv').write_text(text)
    return root


def test_a_shipped_config_reads_the_store(
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = tmp_path / 'store'
    before = {p: p.read_bytes() for p in source.rglob('*') if p.is_file()}
    argv = [source, store, '--format', 'raw', '--workers', 1]
    run_tool(monkeypatch, 'data/frame_store', *argv, '--measure-only')
    assert not store.exists()
    assert '0 of 2 clips already there; the others take 0.000276 GB' in (
        capsys.readouterr().out
    )
    run_tool(monkeypatch, 'data/frame_store', *argv)
    assert 'kept 2 clips, 0 were there, 0 left out' in capsys.readouterr().out
    run_tool(monkeypatch, 'data/frame_store', *argv)
    assert 'kept 0 clips, 2 were there, 0 left out' in capsys.readouterr().out
    assert {p: p.read_bytes() for p in source.rglob('*') if p.is_file()} == before

    options = {'data_root': str(source), 'split': 'split2', 'num_classes': 2}
    cfg = load_config(CONFIGS / 'adaptformer_hmdb51.py')
    cfg.model.backbone.init_cfg = None
    plain = resolve_config(merge_options(cfg, options))
    kept = resolve_config(merge_options(cfg, {'frame_store': str(store)}))
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        assert kept[loader].dataset.frame_store == str(store)
        assert plain[loader].dataset.frame_store is None
        with DefaultScope.overwrite_default_scope('mmaction'):
            sets = [DATASETS.build(c[loader].dataset) for c in (plain, kept)]
        assert 'frames_file' in sets[1].get_data_info(0)
        pairs = []
        for dataset in sets:
            np.random.seed(1)
            pairs.append([dataset[0]['inputs'], dataset[1]['inputs']])
        if loader != 'train_dataloader':  # whose crops Python's generator draws
            assert all(a.equal(b) for a, b in zip(*pairs, strict=True))


def test_a_store_that_is_not_there(source: Path, tmp_path: Path) -> None:
    (tmp_path / 'frames_of_it').mkdir()
    cfg = load_config(CONFIGS / 'adaptformer_hmdb51.py')
    cfg.model.backbone.init_cfg = None
    options = {'data_root': str(source), 'frame_store': str(tmp_path / 'frames_of')}
    with pytest.raises(DataError, match=r'frame_store.*not exist.*Did you mean') as e:
        resolve_config(merge_options(cfg, options))
    assert 'tools/data/frame_store.py' in str(e.value)


def test_images_have_no_such_store() -> None:
    cfg = load_config(CONFIGS / 'adaptformer_cifar100.py')
    with pytest.raises(ConfigError, match='frame_store=there reaches nothing'):
        merge_options(cfg, {'frame_store': 'there'})


def test_a_broken_clip_ends_it_unless_it_is_skipped(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source / 'a.mp4').write_bytes(b'broken')
    argv = [source, tmp_path / 'store', '--workers', 1]
    with pytest.raises(DataError, match=r'1 of 2 clips are broken.*a\.mp4'):
        run_tool(monkeypatch, 'data/frame_store', *argv)
    assert not (tmp_path / 'store' / 'index.json').exists()
    run_tool(monkeypatch, 'data/frame_store', *argv, '--skip-broken')
    assert (tmp_path / 'store' / 'index.json').is_file()


def test_clips_whose_frames_would_meet_stay_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, store = tmp_path / 'data', tmp_path / 'store'
    inside = write_clip(root / f'outside{tmp_path}' / 'far' / 'c.mp4', 6)
    far = write_clip(tmp_path / 'far' / 'c.mp4', 7)
    (root / 'train.txt').write_text(f'{inside.relative_to(root)} 0\n{far} 1\n')
    run_tool(monkeypatch, 'data/frame_store', root, store, '--workers', 2)
    data = VideoList('train.txt', str(root), pipeline=[], frame_store=str(store))
    for sample, clip in zip(data, (inside, far), strict=True):
        kept = StoredClip(*(sample[k] for k in FILE_OF_FRAMES))
        assert sample['filename'] == str(clip)
        assert len(kept.read(range(len(kept)))) == len(VideoFile(clip))


def test_a_store_that_lost_its_index_is_made_whole(
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = tmp_path / 'store'
    argv = ['data/frame_store', source, store, '--workers', 1]
    run_tool(monkeypatch, *argv)
    (store / 'index.json').write_text('')
    with pytest.raises(DataError, match='again, which makes the store whole'):
        FrameStore.read(store)
    capsys.readouterr()
    run_tool(monkeypatch, *argv)
    out = capsys.readouterr().out
    assert 'index.json can not be read' in out and 'kept 2 clips, 0 were there' in out
    assert len(FrameStore.read(store).clips) == 2
