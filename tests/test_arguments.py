"""--cfg-options as they are typed."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from mmadapt.arguments import OptionAction, loader_defaults
from mmadapt.config import load_config, merge_options, resolve_config
from mmadapt.errors import ConfigError
from tests.tasks import write_config, write_images, write_trunk
from tests.test_tools.cli import load_tool


def read(*options: str) -> dict[str, Any]:
    parser = ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=OptionAction)
    found: dict[str, Any] = parser.parse_args(['--cfg-options', *options]).cfg_options
    return found


@pytest.mark.parametrize(
    'key', ['data_root', 'trunk', 'split', 'load_from', 'work_dir', 'x.ann_file']
)
@pytest.mark.parametrize(
    'name', ['ph tös data', 'pho,tos', '2024', '1e3', 'true', '[a](b', '', 'a=b']
)
def test_names_of_files_are_text(key: str, name: str) -> None:
    assert read(f'{key}={name}') == {key: name}


@pytest.mark.parametrize('key', ['trunk', 'model.backbone.init_cfg.checkpoint'])
def test_none_and_quotes_of_a_name(key: str) -> None:
    assert read(f'{key}=None') == {key: None}
    assert read(f'{key}="my file.pth"') == {key: 'my file.pth'}


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('1', 1),
        (' 1e-3 ', 1e-3),
        ('True', True),
        ('None', None),
        ('AdaptMLP', 'AdaptMLP'),
        ('sea horse', 'sea horse'),
        ('1 000', '1 000'),
        ('1, 2', [1, 2]),
        ('[ sea horse , dog ]', ['sea horse', 'dog']),
        ('[(1, 2), (a, 0.5)]', [(1, 2), ('a', 0.5)]),
    ],
)
def test_other_values_as_in_mmengine_but_with_their_spaces(
    text: str, value: object
) -> None:
    assert read(f'a.b={text}') == {'a.b': value}


def test_options_of_several_calls_add_up() -> None:
    assert read('a=1', 'b=2', '--cfg-options', 'a=3') == {'a': 3, 'b': 2}


@pytest.mark.parametrize('text', ['a.b', '=1'])
def test_option_without_a_value(text: str) -> None:
    with pytest.raises(ConfigError, match='is not KEY=VALUE'):
        read(text)


def test_open_bracket() -> None:
    with pytest.raises(ConfigError, match='a bracket is not closed'):
        read('a.b=[1,2')


@pytest.mark.parametrize('name', ['ph tös data', 'pho,tos', '2024'])
def test_tools_find_data_and_trunk_of_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path / name)
    write_trunk(tmp_path / f'{name}.pth')
    config = str(write_config(tmp_path / 'photos.py'))
    given = ['--cfg-options', f'data_root={name}', f'trunk={name}.pth']
    for tool, argv in (
        ('train', [config]),
        ('test', [config, 'task.pth']),
        ('predict', [config, 'task.pth', 'photo.jpg']),
        ('converters/merge_task', [config, 'task.pth', 'out.pth']),
    ):
        args = load_tool(tool).parse_args([*argv, *given])
        cfg = merge_options(load_config(config), args.cfg_options)
        assert resolve_config(cfg).train_dataloader.dataset.data_root == name


@pytest.mark.parametrize(
    ('keys', 'ending'),
    [
        (['abtch_size'], " It has 'abtch_size': did you mean 'batch_size'?"),
        (['num_workers', 'num_batch_per_epoch', 'sampler', 'dataset'], ''),
    ],
)
def test_a_dataloader_without_batch_size(keys: list[str], ending: str) -> None:
    loader = dict.fromkeys(keys, 2)
    cfg = Config({'test_dataloader': loader}, cfg_text=' ', filename='photos.py')
    given = Namespace(no_pin_memory=False, no_persistent_workers=False)
    with pytest.raises(ConfigError) as caught:
        loader_defaults(cfg, given)
    said = str(caught.value)
    assert said == f'photos.py: test_dataloader has no batch_size.{ending}'
