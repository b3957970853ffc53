"""One config of a zoo, built with adapters."""

from __future__ import annotations

import json
import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from torch import nn

from mmadapt.adapters import Adapter
from mmadapt.errors import AdaptError, ConfigError

from .configs import FAMILIES, PURPOSES

__all__ = ['Coverage', 'Outcome']

BOTTLENECK = 64


@dataclass(frozen=True)
class Outcome:
    """What became of one backbone.

    Attributes:
        adapters: How many were added.
        refusal: Why it was refused, by us.
        crash: An error that isn't ours, in short.
    """

    adapters: int = 0
    refusal: str = ''
    crash: str = ''

    def __str__(self) -> str:
        return self.refusal or self.crash or f'{self.adapters} adapters'


@dataclass
class Coverage:
    """What was found so far.

    Attributes:
        families: (package, backbone class) to the outcome of each of its configs.
        others: What isn't a classifier with such a backbone, and how often.
    """

    families: dict[tuple[str, str], list[Outcome]] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)
    known: dict[str, Outcome] = field(default_factory=dict)

    def add(self, package: str, file: Path, only: str | None = None) -> Outcome | None:
        """Adapt the backbone of a config; None where it isn't to be adapted.

        Args:
            package: The zoo's package.
            file: The config.
            only: Another class of backbones than this one is passed over.
        """
        try:
            model = Config.fromfile(file).get('model')
        except Exception as error:
            self.others[f'does not load ({type(error).__name__})'] += 1
            return None
        kind = str(model.get('type', '')) if isinstance(model, Mapping) else ''
        if kind.rpartition('.')[2] not in PURPOSES:
            self.others[f'{kind or "no model"}'] += 1
            return None
        owner, family = origin(package, model.backbone)
        if family not in FAMILIES.get(owner, ()):
            self.others['another backbone'] += 1
            return None
        if only is not None and family != only:
            return None
        key = json.dumps([package, model.backbone], sort_keys=True, default=str)
        if key not in self.known:
            self.known[key] = adapt(package, model.backbone)
        self.families.setdefault((owner, family), []).append(self.known[key])
        return self.known[key]


def origin(package: str, backbone: Mapping[str, Any]) -> tuple[str, str]:
    """Package and class that a backbone's type means; every one of timm is one."""
    kind = backbone['type']
    if not isinstance(kind, str):
        return kind.__module__.split('.')[0], kind.__name__
    scope, _, name = kind.rpartition('.')
    if scope == 'timm':
        return package, 'timm'
    return scope or package, name


def adapt(package: str, backbone: Mapping[str, Any]) -> Outcome:
    """Build a backbone with adapters: first without storage, then with."""
    MMLogger.get_current_instance().setLevel('ERROR')
    first = try_on('meta', package, backbone)
    return try_on('cpu', package, backbone) if first.crash else first


def try_on(device: str, package: str, backbone: Mapping[str, Any]) -> Outcome:
    """Build a backbone with adapters on one device."""
    try:
        with torch.device(device), DefaultScope.overwrite_default_scope(package):
            model = build(package, backbone)
    except AdaptError as error:
        return Outcome(refusal=str(error))
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f'{Path(last.filename).name}:{last.lineno}'
        return Outcome(crash=f'{type(error).__name__} in {place}: {error}')
    return Outcome(sum(isinstance(m, Adapter) for m in model.modules()))


def build(package: str, backbone: Mapping[str, Any]) -> nn.Module:
    """``AdaptedBackbone`` around a backbone, which brings no weights of its own."""
    inner = {key: value for key, value in backbone.items() if key != 'init_cfg'}
    inner.update(
        {key: None for key in ('pretrained', 'pretrained_type') if key in inner}
    )
    adapter = {'bottleneck': BOTTLENECK}
    scope = str(inner['type']).rpartition('.')[0]
    if scope == 'timm':
        if find_spec('timm') is None:
            raise ConfigError('timm is not installed.')
        inner.pop('feature_shape', None)  # for the recognizer
        import_module('timm.models')
        timm: Any = import_module('mmadapt.backbones.timm')
        return timm.AdaptedBackbone(inner, adapter)  # type: ignore[no-any-return]
    registry = import_module(f'{package}.registry').MODELS
    kind = f'{scope or package}.AdaptedBackbone'
    model: nn.Module = registry.build(
        {'type': kind, 'backbone': inner, 'adapter': adapter}
    )
    return model
