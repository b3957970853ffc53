"""Configs with slips of the pen, wrong kinds, gaps, and numbers that can't be."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable
from pathlib import Path

from .case import Case
from .commands import Inputs
from .scene import Scene

__all__ = ['break_config']

TOOLS = ('train', 'test', 'train', 'predict', 'train')
SCENES = ('image', 'video', 'labels')


def break_config(
    scenes: dict[str, Scene], folder: Path, own: random.Random, turn: int
) -> Case:
    """A broken config: the whole one that the scene's training wrote, with a fault."""
    scene = scenes[SCENES[turn // 2 % len(SCENES)]]
    tool = TOOLS[turn % len(TOOLS)]
    file = folder / 'broken_config.py'
    change = FAULTS[turn % len(FAULTS)]
    text, fault, name = change(scene.dumped.read_text(), own)
    file.write_text(text)
    return Case(
        kind='config',
        fault=fault,
        tool=tool,
        scene=scene,
        inputs=Inputs(config=file),
        names=(file.name, name) if name else (file.name,),
    )


Place = tuple[str, ast.keyword | ast.Assign]


def places(tree: ast.Module) -> list[Place]:
    """Every name in a config that has a value: its dotted path and its node.

    Variables of the file that nothing reads are left out.
    """
    found: list[Place] = []

    def inside(path: str, value: ast.expr) -> None:
        if isinstance(value, ast.Call):
            for keyword in value.keywords:
                found.append((f'{path}.{keyword.arg}', keyword))
                inside(f'{path}.{keyword.arg}', keyword.value)
        elif isinstance(value, (ast.List, ast.Tuple)):
            for index, item in enumerate(value.elts):
                inside(f'{path}.{index}', item)

    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name in ('train_pipeline', 'test_pipeline'):
                continue
            found.append((name, node))
            inside(name, node.value)
    return found


def last(path: str) -> str:
    """The name itself."""
    return path.rpartition('.')[2]


def slip(text: str, own: random.Random) -> tuple[str, str, str]:
    """A name with a letter too few, too many, or in another place."""
    tree = ast.parse(text)
    path, node = own.choice(places(tree))
    name = misspelt(last(path), own)
    if isinstance(node, ast.keyword):
        node.arg = name
    else:
        node.targets[0].id = name  # type: ignore[attr-defined]
    return ast.unparse(tree), f'{path} written {name}', name


def misspelt(name: str, own: random.Random) -> str:
    """A word with a slip of the pen."""
    place = own.randrange(len(name))
    turned = name[:place] + name[place + 1 : place + 2] + name[place : place + 1]
    other = own.choice(
        [
            name[:place] + name[place + 1 :],
            name[: place + 1] + name[place:],
            turned + name[place + 2 :],
        ]
    )
    return other if other.isidentifier() and other != name else f'{name}s'


def wrong_type(text: str, own: random.Random) -> tuple[str, str, str]:
    """The name of a class with a slip of the pen."""
    tree = ast.parse(text)
    kinds = [
        (path, node)
        for path, node in places(tree)
        if last(path) == 'type' and isinstance(node.value, ast.Constant)
    ]
    path, node = own.choice(kinds)
    name = misspelt(str(node.value.value), own)  # type: ignore[attr-defined]
    node.value = ast.Constant(name)
    return ast.unparse(tree), f'{path} is {name!r}', name


def wrong_kind(text: str, own: random.Random) -> tuple[str, str, str]:
    """A value of another kind: a text for a number, a number for a dict or a text."""
    tree = ast.parse(text)
    path, node = own.choice(places(tree))
    value: object = 'abc'
    if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        value = own.choice([7, ['abc'], 2.5])
    elif isinstance(node.value, ast.Call):
        value = own.choice([7, 'abc', ['abc']])
    node.value = ast.parse(repr(value), mode='eval').body
    return ast.unparse(tree), f'{path} is {value!r}', last(path)


NEEDED = (
    'model', 'train_dataloader', 'optim_wrapper', 'train_cfg', 'type', 'dataset',
    'optimizer', 'head', 'backbone', 'pipeline', 'cls_head', 'batch_size', 'val_cfg',
    'val_evaluator', 'ann_file', 'num_classes', 'max_epochs', 'checkpoint',
)  # fmt: skip


STOCK = 'default_hooks.checkpoint'
"""Where this is lacking MMEngine's own hook writes whole models, as a warning says."""


def gap(text: str, own: random.Random) -> tuple[str, str, str]:
    """Something that can't be done without is lacking."""
    tree = ast.parse(text)
    path, node = own.choice(
        [p for p in places(tree) if last(p[0]) in NEEDED and p[0] != STOCK]
    )
    for parent in ast.walk(tree):
        if isinstance(parent, ast.Call) and node in parent.keywords:
            parent.keywords.remove(node)  # type: ignore[arg-type]
    if node in tree.body:
        tree.body.remove(node)  # type: ignore[arg-type]
    return ast.unparse(tree), f'{path} is lacking', last(path)


IMPOSSIBLE: dict[str, tuple[object, ...]] = {
    'batch_size': (0, -4, 2.5), 'num_workers': (-1, 'two'), 'lr': (-1.0, 'high'),
    'max_epochs': (-1, 1.5, 'ten'), 'bottleneck': (0, -1, 2.5, 'wide'),
    'dropout': (1.5, -0.1, 'some'), 'scale': (-32, 0, 'large', None),
    'num_classes': (1, 0, -3, 77, 'two'), 'in_channels': (7, 0, -24),
    'input_features': (7, 0), 'img_size': (-32, 0, 'small'), 'patch_size': (0, 5, -8),
    'interval': (-1, 'often', 0.5), 'clip_len': (0, -1, 3), 'frame_interval': (0, -2),
    'num_frames': (0, 3, -4), 'tubelet_size': (0, 3), 'num_heads': (0, 5, -1),
    'seed': (-1, 'x', 2**40), 'weight_decay': (-1.0, 'x'), 'warmup_ratio': (2.0, -1.0),
    'mean': ([1.0], 'grey', []), 'std': ([0.0, 0.0, 0.0], [1.0], 'x'),
    'embed_dims': (25, 0, -24), 'num_layers': (0, 3, -1), 'depth': (0, 3, -1),
    'layers': ([9], 'none', [-7]), 'mode': ('diagonal',), 'input': ('mid_norm',),
    'init': ('ones',), 'data_root': ('/nowhere', 3), 'checkpoint': ('/nowhere', 3),
    'trunk': ('/nowhere.pth',), 'default_scope': ('mmpretrian', 3),
    'backend': ('pilow', 5), 'resume': ('yes',), 'load_from': ('/nowhere.pth', 3),
    'input_format': ('NHW', 3), 'ann_file': ('nowhere.txt', 3), 'size': (0, -32, 'x'),
    'log_level': ('LOUD', 3), 'trainable': (['nowhere'], 3, 'some'),
    'max_keep_ckpts': ('all',), 'val_interval': (0, -1, 'x'), 'part': ('trian', 3),
}  # fmt: skip
"""By its name, what an option cannot be."""


def impossible(text: str, own: random.Random) -> tuple[str, str, str]:
    """A value that an option can't have."""
    tree = ast.parse(text)
    names = sorted({last(path) for path, _ in places(tree)} & IMPOSSIBLE.keys())
    name = own.choice(names)
    path, node = own.choice([p for p in places(tree) if last(p[0]) == name])
    value = own.choice(IMPOSSIBLE[name])
    node.value = ast.parse(repr(value), mode='eval').body
    return ast.unparse(tree), f'{path} is {value!r}', name


def no_python(text: str, own: random.Random) -> tuple[str, str, str]:
    """A file that is no config."""
    line = own.randrange(text.count('\n'))
    lines = text.splitlines()
    before, after = '\n'.join(lines[:line]), '\n'.join(lines[line:])
    broken, fault = own.choice(
        [
            (text[: own.randrange(20, len(text) // 2)], 'cut off'),
            (f'{text}\nx = undefined_name\n', 'an undefined name'),
            (f'{text}\nx = 1 / 0\n', 'a division by zero'),
            (f'import nowhere\n{text}', 'a module that is not there'),
            (f"_base_ = ['nowhere.py']\n{text}", 'a base that is not there'),
            (f"_base_ = ['broken_config.py']\n{text}", 'itself for a base'),
            (f'{before}\n)\n{after}', 'a bracket too many'),
            ('', 'an empty file'),
            ('<html><body>404</body></html>', 'a web page'),
            (f'{text}\0', 'a zero byte'),
            (text.replace('=', ':', 1), 'a colon for a sign of equality'),
            (text.replace('dict(', 'dict{', 1), 'a brace for a bracket'),
        ]
    )
    return broken, fault, ''


FAULTS: tuple[Callable[[str, random.Random], tuple[str, str, str]], ...] = (
    slip, wrong_kind, impossible, wrong_type, gap, impossible, no_python, slip,
    wrong_kind,
)  # fmt: skip
