"""READMEs, metafiles and model-index.yml name every config, with its parameters."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.test_configs.test_build import CONFIGS, LEAVES, name_of
from tests.test_configs.test_scale import SCALE

NAMES = ('ablations', 'backbones', 'baselines', 'quickstart', 'scale')
FOLDERS = [CONFIGS, *(CONFIGS / name for name in NAMES)]
LISTED = [*LEAVES, *SCALE]
ROOT = CONFIGS.parent


def models_of(folder: Path) -> list[dict]:
    return yaml.safe_load((folder / 'metafile.yml').read_text())['Models']


@pytest.mark.parametrize('folder', FOLDERS, ids=lambda folder: folder.name)
def test_readme_and_metafile_name_the_configs_of_a_folder(folder: Path) -> None:
    files = {path.name for path in LISTED if path.parent == folder}
    assert files
    linked = re.findall(
        r'^\| \[(.+?\.py)\]\((.+?)\)', (folder / 'README.md').read_text(), re.M
    )
    assert {name for name, _ in linked} == {target for _, target in linked} == files
    models = models_of(folder)
    assert {Path(model['Config']).name for model in models} == files
    assert all((ROOT / model['Config']).is_file() for model in models)


@pytest.mark.parametrize('folder', FOLDERS, ids=lambda folder: folder.name)
def test_readme_and_metafile_agree_on_parameters(folder: Path) -> None:
    rows = re.findall(
        r'^\| \[(.+?)\.py\].*?\|.*?\| ([\d,]+) \|',
        (folder / 'README.md').read_text(),
        re.M,
    )
    counts = {name: int(count.replace(',', '')) for name, count in rows}
    assert counts == {
        model['Name']: model['Metadata']['Trainable Parameters']
        for model in models_of(folder)
    }


def test_model_index_parses() -> None:
    from modelindex.load_model_index import load

    index = load(str(ROOT / 'model-index.yml'))
    index.build_models_with_collections()
    names = [model.name for model in index.models]
    assert len(names) == len(set(names)) == sum(len(models_of(f)) for f in FOLDERS)
    assert {model.in_collection for model in index.models} == {'AdaptFormer'}


def test_no_folder_is_left_out() -> None:
    folders = {path.parent for path in LISTED}
    assert folders == {*FOLDERS}
    assert all((folder / 'README.md').is_file() for folder in folders)
    assert len({name_of(path) for path in LISTED}) == len(LISTED)
