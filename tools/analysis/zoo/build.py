"""One config of a zoo, built with adapters."""

from __future__ import annotations

import json
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from mmadapt.adapters import Adapter
from mmadapt.backbones.own_weights import without_own_weights
from mmadapt.errors import AdaptError

from .configs import FAMILIES, OTHERS, PURPOSES
from .mlps import bare_blocks

__all__ = ['Coverage', 'Outcome']

BOTTLENECK = 64

LARGE = BOTTLENECK * 4096
"""Elements from which on a weight gets no storage: more than an adapter's have."""


@dataclass(frozen=True)
class Outcome:
    """What became of one backbone.

    Attributes:
        adapters: How many were added.
        bare: Blocks with an MLP and without an adapter, as ``2 NameOfBlock``.
        refusal: Why it was refused, by us.
        crash: An error that isn't ours, in short.
    """

    adapters: int = 0
    bare: str = ''
    refusal: str = ''
    crash: str = ''

    @property
    def whole(self) -> bool:
        """Whether every block with an MLP has an adapter."""
        return self.adapters > 0 and not self.bare

    def __str__(self) -> str:
        without = f', none in {self.bare}' if self.bare else ''
        return self.refusal or self.crash or f'{self.adapters} adapters{without}'


@dataclass
class Coverage:
    """What was found so far.

    Attributes:
        families: (package, backbone class) to the outcome of each of its configs.
        others: What isn't a classifier with such a backbone, and how often.
        elsewhere: The same for those of them that have such a backbone.
        known: What became of a backbone config, which several files may share.
    """

    families: dict[tuple[str, str], list[Outcome]] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)
    elsewhere: Counter[tuple[str, str]] = field(default_factory=Counter)
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
        except ModuleNotFoundError:
            self.others['files that lack an optional package'] += 1
            return None
        except Exception:
            self.others['files that do not load'] += 1
            return None
        model = model if isinstance(model, Mapping) else {}
        backbone = model.get('backbone')
        owner, family = origin(package, backbone) if backbone else ('', '')
        ours = family in FAMILIES.get(owner, ())
        kind = str(model.get('type', '')).rpartition('.')[2]
        if other := purpose(kind, ours, family):
            self.others[other] += 1
            self.elsewhere[other, family] += ours
            return None
        if only is not None and family != only:
            return None
        key = json.dumps([package, backbone], sort_keys=True, default=str)
        if key not in self.known:
            self.known[key] = adapt(package, model['backbone'])
        self.families.setdefault((owner, family), []).append(self.known[key])
        return self.known[key]


def purpose(kind: str, ours: bool, family: str) -> str:
    """What a model is, where it isn't a classifier with one of the backbones.

    Args:
        kind: The model's class.
        ours: Whether its backbone is one of the families.
        family: The class of the backbone.
    """
    if kind in PURPOSES:
        if not ours:
            return 'classifiers with another backbone'
        absent = family == 'timm' and find_spec('timm') is None
        return 'files that lack an optional package' if absent else ''
    found = [purpose for purpose, kinds in OTHERS.items() if kind in kinds.split()]
    return found[0] if found else kind or 'files without a model'


def origin(package: str, backbone: Mapping[str, Any]) -> tuple[str, str]:
    """Package and class that a backbone's type means; every one of timm is one."""
    kind = backbone['type']
    if not isinstance(kind, str):
        return kind.__module__.split('.')[0], kind.__name__
    scope, _, name = kind.rpartition('.')
    if scope == 'timm':
        return package, 'timm'
    return scope or package, name


class WithoutStorage(TorchFunctionMode):
    """Large tensors that layers leave to be filled have no storage; others do.

    Backbones compute with tables while they are built, which the meta device can't.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call a function of torch."""
        kwargs = kwargs or {}
        if func is torch.empty:
            shape: Tensor = func(*args, **{**kwargs, 'device': 'meta'})
            if shape.numel() > LARGE:
                return shape
        return func(*args, **kwargs)


def adapt(package: str, backbone: Mapping[str, Any]) -> Outcome:
    """Build a backbone with adapters: first without storage, then with."""
    MMLogger.get_current_instance().setLevel('ERROR')
    with WithoutStorage():
        first = attempt(package, backbone)
    return attempt(package, backbone) if first.crash else first


def attempt(package: str, backbone: Mapping[str, Any]) -> Outcome:
    """Build a backbone with adapters, and look where they are."""
    try:
        with DefaultScope.overwrite_default_scope(package):
            model = build(package, backbone)
    except AdaptError as error:
        return Outcome(refusal=str(error))
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f'{Path(last.filename).name}:{last.lineno}'
        return Outcome(crash=f'{type(error).__name__} in {place}: {error}')
    adapters = sum(isinstance(module, Adapter) for module in model.modules())
    bare = ', '.join(f'{count} {block}' for block, count in bare_blocks(model).items())
    return Outcome(adapters, bare)


def build(package: str, backbone: Mapping[str, Any]) -> nn.Module:
    """``AdaptedBackbone`` around a backbone, as it does it under an ``init_cfg``."""
    inner = without_own_weights(backbone)
    adapter = {'bottleneck': BOTTLENECK}
    scope = str(inner['type']).rpartition('.')[0]
    if scope == 'timm':
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
