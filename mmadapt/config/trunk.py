"""The trunk's file, and the sizes that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError, did_you_mean
from ..weights.infer import infer_vit_arch
from ..weights.reading import read_checkpoint
from .files import check_weights_file
from .places import Node, Slot, is_adapted_vit, slots, walk

__all__ = ['fill_trunk']

# Width, depth, heads; the MLP is four times as wide as the block in each of them.
PUBLISHED = {
    'deit-tiny': (192, 12, 3),
    'deit-small': (384, 12, 6),
    'base': (768, 12, 12),
    'large': (1024, 24, 16),
    'huge': (1280, 32, 16),
}


def fill_trunk(cfg: Node) -> None:
    """Write the trunk's file and sizes where a config left them None, in place.

    Raises:
        ConfigError: No file is named, or sizes that nothing tells.
        WeightsError: The file is missing or can't be read.
    """
    for slot in slots(cfg, 'trunk'):
        if slot.is_open and cfg.get('trunk'):
            slot.fill(str(cfg['trunk']))
        check_file(slot)
    for _, node in walk(cfg.get('model'), 'model'):
        init = node.get('init_cfg')
        if isinstance(init, dict) and init.get('type') == 'RandomTrunk':
            # What is left of a PretrainedTrunk whose type the command line changed.
            if init.get('checkpoint', '') is None:
                del init['checkpoint']
    for path, node in walk(cfg.get('model'), 'model'):
        if is_adapted_vit(node):
            width = fill_arch(node, path, cfg.get('arch'))
            fill_width(cfg, width)


def check_file(slot: Slot) -> None:
    """Refuse a trunk that isn't named, or isn't there."""
    if slot.is_open:
        raise ConfigError(
            f'{slot.path} is None: no trunk is named. Give the file of the pre-trained '
            'weights: --cfg-options trunk=FILE.'
        )
    given = str(slot.value)
    remedy = 'Give the path of the pre-trained weights: --cfg-options trunk=FILE.'
    check_weights_file(given, f'trunk {given!r} ({slot.path})', remedy)


def fill_arch(node: Node, path: str, given: Any) -> int:
    """Give one AdaptFormerViT its sizes, and return its width."""
    key = 'embed_dims' if 'embed_dims' in node or 'depth' in node else 'arch'
    present = node.get(key)
    partial = isinstance(present, Mapping) and 'embed_dims' not in present
    if present is None or partial:
        heads = (present or {}).get('num_heads') if key == 'arch' else None
        sizes = find_sizes(node, path, given, heads or node.get('num_heads'))
        if key == 'arch':
            names = ('embed_dims', 'num_layers', 'num_heads', 'feedforward_channels')
            node['arch'] = {name: sizes[name] for name in names}
        else:
            node['embed_dims'] = sizes['embed_dims']
            node['depth'] = sizes['num_layers']
            node['num_heads'] = sizes['num_heads']
            ratio = sizes['feedforward_channels'] / sizes['embed_dims']
            node['mlp_ratio'] = int(ratio) if ratio == int(ratio) else ratio
        if node.get('patch_size', 0) is None and 'patch_size' in sizes:
            node['patch_size'] = sizes['patch_size']
    if key == 'embed_dims':
        return int(node['embed_dims'])
    return width_of(node['arch'], path)


def find_sizes(
    node: Node, path: str, given: Any, num_heads: int | None
) -> dict[str, Any]:
    """Sizes from the top-level ``arch``, or else from the trunk's file."""
    if isinstance(given, Mapping) and 'embed_dims' not in given:
        num_heads, given = given.get('num_heads', num_heads), None
    if given is not None:
        return published(given)
    init = node.get('init_cfg') or {}
    if not init.get('checkpoint'):
        raise ConfigError(
            f'{path} has no arch, and no trunk file to read it from. Give one of them: '
            f'--cfg-options arch=NAME (one of {", ".join(PUBLISHED)}) or trunk=FILE.'
        )
    file = init['checkpoint']
    return infer_vit_arch(read_checkpoint(file), num_heads, file)


def published(arch: Any) -> dict[str, Any]:
    """The sizes of a published ViT by name, or those of a dict as they are."""
    if isinstance(arch, Mapping):
        return dict(arch)
    if arch not in PUBLISHED:
        raise ConfigError(
            f'arch={arch!r} is not known; allowed: {", ".join(PUBLISHED)}, a dict of '
            'embed_dims, num_layers, num_heads and feedforward_channels, or None to '
            f'read it from the trunk file.{did_you_mean(arch, PUBLISHED)}'
        )
    width, depth, heads = PUBLISHED[arch]
    return {
        'embed_dims': width,
        'num_layers': depth,
        'num_heads': heads,
        'feedforward_channels': 4 * width,
    }


def width_of(arch: Any, path: str) -> int:
    """The width of an image ViT's ``arch``, a name of MMPretrain's or a dict."""
    if isinstance(arch, Mapping):
        return int(arch['embed_dims'])
    from mmpretrain.models.backbones import VisionTransformer

    zoo = VisionTransformer.arch_zoo
    if str(arch).lower() not in zoo:
        raise ConfigError(
            f'{path}.arch={arch!r} is not known; allowed: {", ".join(sorted(zoo))}.'
            f'{did_you_mean(arch, zoo)}'
        )
    return int(zoo[str(arch).lower()]['embed_dims'])


def fill_width(cfg: Node, width: int) -> None:
    """Give neck and head the backbone's width where they left it None."""
    parts = {'neck', 'head', 'cls_head'}
    for path, node in walk(cfg.get('model'), 'model'):
        if parts & {*path.split('.')}:
            for key in ('input_features', 'in_channels'):
                if node.get(key, 0) is None:
                    node[key] = width
