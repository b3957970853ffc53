"""ImageFolder: labels are the same in every part of the data."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.registry import DefaultScope
from mmpretrain.registry import DATASETS

from mmadapt.apis import find_inputs
from mmadapt.datasets.photo_check import decode_photo
from mmadapt.errors import DataError


def fill(root: Path, files: dict[str, int]) -> Path:
    """Folders with empty files; only names are read here."""
    for folder, count in files.items():
        (root / folder).mkdir(parents=True)
        for index in range(count):
            (root / folder / f'{index}.JPG').write_text('')
    return root


def labels(root: Path, part: str, **options: object) -> list[int]:
    dataset = build(root, part, **options)
    return [dataset.get_data_info(i)['gt_label'] for i in range(len(dataset))]


def build(root: Path, part: str, **options: object) -> object:
    config = {'type': 'ImageFolder', 'data_root': str(root), 'data_prefix': part}
    return DATASETS.build({**config, **options})


def test_folders_are_classes_in_sorted_order(tmp_path: Path) -> None:
    root = fill(tmp_path, {'train/b': 1, 'train/a': 2})
    assert labels(root, 'train') == [0, 0, 1]
    assert build(root, 'train').metainfo['classes'] == ('a', 'b')


def test_a_part_that_lacks_a_class_keeps_the_labels(tmp_path: Path) -> None:
    root = fill(tmp_path, {'train/a': 1, 'train/b': 1, 'train/c': 1, 'val/c': 2})
    assert labels(root, 'val', test_mode=True) == [2, 2]


def test_a_class_file_decides_the_order(tmp_path: Path) -> None:
    root = fill(tmp_path, {'train/a': 1, 'train/b': 1})
    (root / 'classes.txt').write_text('b\na\n')
    dataset = build(root, 'train')
    named = {
        Path(info['img_path']).parent.name: info['gt_label']
        for info in (dataset.get_data_info(i) for i in range(len(dataset)))
    }
    assert named == {'b': 0, 'a': 1}


def test_other_files_do_not_count(tmp_path: Path) -> None:
    root = fill(tmp_path, {'train/a': 1, 'train/a/deeper': 1})
    (root / 'train' / 'a' / 'notes.txt').write_text('')
    (root / 'train' / 'a' / '._0.jpg').write_text('')
    assert labels(root, 'train') == [0, 0]


def test_other_files_are_told(tmp_path: Path) -> None:
    root = fill(tmp_path, {'train/a': 1, 'train/b': 1})
    for name in ('clip.gif', 'notes.txt', '.DS_Store'):
        (root / 'train' / 'b' / name).write_text('')
    with pytest.warns(UserWarning, match=r'2 file\(s\).*such as .*b.clip\.gif'):
        assert labels(root, 'train') == [0, 1]


@pytest.mark.parametrize('ending', ['tiff', 'TIF', 'jfif', 'jpe', 'pgm'])
def test_every_ending_that_is_predicted_is_trained_on(
    tmp_path: Path, ending: str
) -> None:
    root = fill(tmp_path, {'train/a': 1})
    image = np.zeros((4, 4), dtype=np.uint8)
    written = {'jfif': 'jpg', 'jpe': 'jpg'}.get(ending, ending.lower())
    content = cv2.imencode(f'.{written}', image)[1]
    photo = root / 'train' / 'a' / f'photo.{ending}'
    photo.write_bytes(content.tobytes())
    assert labels(root, 'train') == [0, 0]
    assert photo in find_inputs([root], 'image')
    assert decode_photo(str(photo)).shape == (4, 4, 3)


def test_a_folder_that_is_called_like_a_photo_is_none(tmp_path: Path) -> None:
    root = fill(tmp_path, {'train/a': 1, 'train/a/sub.jpg': 2})
    assert labels(root, 'train') == [0, 0, 0]


def test_an_empty_class_is_named(tmp_path: Path) -> None:
    root = fill(tmp_path, {'train/a': 1, 'train/b': 0})
    with pytest.raises(DataError, match="class 'b' has no photo"):
        build(root, 'train')


def test_a_folder_that_is_no_class_is_named(tmp_path: Path) -> None:
    root = fill(tmp_path, {'train/daisy': 1, 'val/daysi': 1})
    with pytest.raises(DataError, match="'daysi', which is no class.*Did you mean"):
        build(root, 'val', test_mode=True)


def test_folders_that_look_alike_are_told_apart(tmp_path: Path) -> None:
    nfc, nfd = 'train/caf\u00e9', 'val/cafe\u0301'
    root = fill(tmp_path, {nfc: 1, 'train/tea': 1, nfd: 1, 'val/tea': 1})
    with pytest.raises(DataError, match='Unicode forms differ') as caught:
        build(root, 'val', test_mode=True)
    assert r"'cafe\u0301' (NFD)" in str(caught.value)
    assert r"'caf\xe9' (NFC)" in str(caught.value)
    assert 'Did you mean' not in str(caught.value)


@pytest.mark.parametrize('part', ['train', 'val'])
def test_missing_and_empty_folders_are_refused(tmp_path: Path, part: str) -> None:
    (tmp_path / 'val').mkdir()
    message = 'no class folder' if part == 'val' else 'no folder'
    with pytest.raises(DataError, match=message):
        build(tmp_path, part)


def test_a_list_decides_where_there_is_one(tmp_path: Path) -> None:
    root = fill(tmp_path, {'train/a b': 2, 'train/c': 2, 'more': 1, 'val/c': 1})
    (root / 'train.txt').write_text('c/1.JPG 0\na b/0.JPG 1\nmore/0.JPG 1\n')
    (root / 'val.txt').write_text('c/0.JPG 0\n')
    (root / 'classes.txt').write_text('sea\nair\n')
    dataset = build(root, 'train')
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    found = [Path(info['img_path']).relative_to(root).as_posix() for info in infos]
    assert found == ['train/c/1.JPG', 'train/a b/0.JPG', 'more/0.JPG']
    assert [info['gt_label'] for info in infos] == [0, 1, 1]
    assert dataset.metainfo['classes'] == ('sea', 'air')
    assert labels(root, 'val', test_mode=True) == [0]


def test_a_list_is_held_against_the_number_of_classes(tmp_path: Path) -> None:
    root = fill(tmp_path, {'train': 1, 'val': 1})
    (root / 'train.txt').write_text('0.JPG 0\n')
    (root / 'val.txt').write_text('0.JPG 1\n')
    with pytest.raises(DataError, match=r'val\.txt, line 1: label 1 has no class'):
        build(root, 'val', num_classes=1, test_mode=True)
    with pytest.raises(DataError, match=r'train\.txt has no sample of class 1'):
        build(root, 'train', num_classes=2)


def test_folders_are_held_against_the_number_of_classes(tmp_path: Path) -> None:
    root = fill(tmp_path, {'train/a': 1, 'train/b': 1})
    with pytest.raises(DataError, match='has 2 classes, num_classes=3'):
        build(root, 'train', num_classes=3)
    assert labels(root, 'train', num_classes=2) == [0, 1]


@pytest.mark.parametrize('content', [b'', b'no photo'])
def test_a_photo_that_can_not_be_read_is_named(tmp_path: Path, content: bytes) -> None:
    root = fill(tmp_path, {'train/a': 1})
    (root / 'train/a/0.JPG').write_bytes(content)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        steps = [{'type': 'LoadImageFromFile'}]
        dataset = build(root, 'train', pipeline=steps, test_mode=True)
    reason = 'can not be read' if content else 'is an empty file'
    with pytest.raises(DataError, match=rf"photo '.*/train/a/0\.JPG' {reason}"):
        dataset[0]


def test_a_fault_of_the_pipeline_is_not_blamed_on_the_photo(tmp_path: Path) -> None:
    root = fill(tmp_path, {'train/a': 1})
    cv2.imwrite(str(root / 'train/a/0.JPG'), np.zeros((8, 8, 3), np.uint8))

    def fail(results: dict[str, object]) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        build(root, 'train', pipeline=[fail])[0]
