"""Each library alone is enough for its half."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# As in an environment that lacks these modules.
ABSENT = """
import importlib.abc
import sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split('.')[0] in {absent!r}:
            raise ModuleNotFoundError(f'No module named {{name!r}}', name=name)

sys.meta_path.insert(0, Absent())
import importlib.util
real = importlib.util.find_spec
def find_spec(name, package=None):
    return None if name.split('.')[0] in {absent!r} else real(name, package)
importlib.util.find_spec = find_spec
"""

IMAGE = """
import mmadapt, sys, torch
from mmpretrain.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
init_default_scope('mmpretrain')
cfg = Config.fromfile('configs/quickstart/image_adaptformer.py')
cfg.model.backbone.init_cfg = dict(type='RandomTrunk')
model = MODELS.build(cfg.model)
assert any(p.requires_grad for p in model.backbone.parameters())
assert not all(p.requires_grad for p in model.backbone.parameters())
from mmadapt import apis, launch
print(sorted({'mmpretrain', 'mmaction', 'decord'} & sys.modules.keys()))
"""

VIDEO = """
import mmadapt, sys, torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
init_default_scope('mmaction')
cfg = Config.fromfile('configs/quickstart/video_adaptformer.py')
cfg.model.backbone.init_cfg = dict(type='RandomTrunk')
model = MODELS.build(cfg.model)
assert any(p.requires_grad for p in model.backbone.parameters())
assert not all(p.requires_grad for p in model.backbone.parameters())
from mmadapt import apis, launch
print(sorted({'mmpretrain', 'mmaction'} & sys.modules.keys()))
"""


def run_without(absent, code):
    environment = {**os.environ, 'PYTHONPATH': str(ROOT)}
    ended = subprocess.run(
        [sys.executable, '-c', ABSENT.format(absent=absent) + code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


@pytest.mark.slow
def test_images_without_mmaction():
    absent = ('mmaction', 'decord', 'av', 'matplotlib', 'sklearn')
    assert run_without(absent, IMAGE) == "['mmpretrain']"


@pytest.mark.slow
def test_videos_without_mmpretrain():
    absent = ('mmpretrain', 'av', 'matplotlib', 'sklearn')
    assert run_without(absent, VIDEO) == "['mmaction']"


@pytest.mark.slow
def test_core_without_either():
    absent = ('mmaction', 'mmpretrain', 'mmcv', 'decord')
    code = 'import mmadapt; print(mmadapt.ADAPTERS.get("AdaptMLP").__name__)'
    assert run_without(absent, code) == 'AdaptMLP'
