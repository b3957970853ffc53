"""What a task file tells about its classes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.runner import ValLoop
from torch import nn

from mmadapt.apis.meta import check_classes, class_names, count_classes
from mmadapt.errors import TaskFileError
from mmadapt.hooks import FrozenTrunkHook

from ..test_weights.test_stamp import build


def checkpoint(*classes: str, key: str = 'head.fc.weight') -> dict[str, Any]:
    return {
        'meta': {'dataset_meta': {'classes': list(classes)}},
        'state_dict': {key: torch.zeros(len(classes) or 3, 4)},
    }


def data(*classes: str) -> Any:
    return SimpleNamespace(metainfo={'classes': classes} if classes else {})


def test_names() -> None:
    assert class_names(checkpoint('cat', 'dog')) == ['cat', 'dog']
    assert class_names({'state_dict': {}}) == []
    assert class_names({'meta': {'dataset_meta': None}}) == []


@pytest.mark.parametrize('key', ['head.fc.weight', 'cls_head.fc_cls.weight'])
def test_number_from_the_head(key: str) -> None:
    assert count_classes(checkpoint(key=key)) == 3


def test_number_from_the_names_or_unknown() -> None:
    assert count_classes(checkpoint('a', 'b', key='other')) == 2
    assert count_classes(checkpoint(key='other')) is None


def test_same_or_unnamed_classes_pass(tmp_path: Path) -> None:
    torch.save(checkpoint('cat', 'dog'), tmp_path / 't.pth')
    check_classes(tmp_path / 't.pth', data('cat', 'dog'))
    check_classes(tmp_path / 't.pth', data())
    torch.save(checkpoint(), tmp_path / 'unnamed.pth')
    check_classes(tmp_path / 'unnamed.pth', data('cat', 'dog'))


@pytest.mark.parametrize(
    ('given', 'text'),
    [
        (('dog', 'cat'), "class 0 is 'cat' in the file and 'dog' in the data"),
        (('cat', 'dog', 'eel'), 'trained on 2 classes, the data has 3'),
    ],
)
def test_other_classes(tmp_path: Path, given: tuple[str, ...], text: str) -> None:
    torch.save(checkpoint('cat', 'dog'), tmp_path / 't.pth')
    with pytest.raises(TaskFileError, match=text):
        check_classes(tmp_path / 't.pth', data(*given))


def test_training_goes_on_with_the_same_classes_only() -> None:
    """--resume and load_from come here, behind reading and in front of loading."""
    data = SimpleNamespace(metainfo={'classes': ('cat', 'dog')})
    loop = ValLoop.__new__(ValLoop)
    loop.dataloader = SimpleNamespace(dataset=data)  # type: ignore[assignment]
    runner = SimpleNamespace(
        _train_loop={'type': 'not built'}, _val_loop=loop, _test_loop=None,
        _load_from='epoch_3.pth', model=build(),
    )  # fmt: skip
    file = {'meta': {'dataset_meta': {'classes': ['cat', 'dog']}}}
    FrozenTrunkHook().after_load_checkpoint(runner, file)
    file['meta']['dataset_meta']['classes'] = ['dog', 'cat']
    plain = SimpleNamespace(**{**vars(runner), 'model': nn.Linear(2, 2)})
    FrozenTrunkHook().after_load_checkpoint(plain, file)
    with pytest.raises(TaskFileError, match=r"epoch_3\.pth.*class 0 is 'dog'"):
        FrozenTrunkHook().after_load_checkpoint(runner, file)
