"""Models of transformers as backbones of the two libraries.

The model itself is the backbone, with its own parameter names. Only what ``forward``
takes and gives is OpenMMLab's.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from torch import Tensor, nn

from ..errors import ConfigError, did_you_mean
from ..hosts import promote

__all__ = ['ClipFeatures', 'ImageFeatures', 'build_model', 'find_model']

POOLS = {
    'cls_token': lambda tokens: tokens[:, 0],
    'avg_featmap': lambda tokens: tokens[:, 1:].mean(1),
    'mean': lambda tokens: tokens.mean(1),
}
"""What a feature is made of: the first token, the mean of the others, that of all."""


class ImageFeatures(nn.Module):
    """Mixin of an image model of transformers: features as MMPretrain's heads take."""

    pool: str

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Features ``(B, C)``, in a tuple, of images ``(B, 3, H, W)``."""
        tokens = super().forward(pixel_values=x).last_hidden_state
        return (POOLS[self.pool](tokens),)


class ClipFeatures(nn.Module):
    """Mixin of a video model of transformers: features as MMAction2's heads take."""

    pool: str

    def forward(self, x: Tensor) -> Tensor:
        """Features ``(B, C)`` of clips ``(B, 3, T, H, W)``."""
        tokens = super().forward(pixel_values=x.transpose(1, 2)).last_hidden_state
        return POOLS[self.pool](tokens)


def build_model(
    model: str,
    config: Mapping[str, Any] | str | PathLike[str],
    pool: str,
    features: type[nn.Module],
) -> nn.Module:
    """Build a model of transformers, with random weights, as a backbone.

    Args:
        model: Its class, such as ``'ViTModel'``.
        config: Options of its configuration class, or a folder with a config.json.
        pool: A name of :data:`POOLS`.
        features: The mixin.

    Raises:
        ConfigError: transformers is missing, has no such model, the configuration has
            no such option, or the pool is unknown.
    """
    if pool not in POOLS:
        raise ConfigError(
            f'pool={pool!r}; allowed: {", ".join(POOLS)}.{did_you_mean(pool, POOLS)}'
        )
    kind = find_model(model)
    settings: Any = kind.config_class
    if isinstance(config, Mapping):
        known = set(settings().to_dict())
        for option in config:
            if option not in known:
                raise ConfigError(
                    f'{settings.__name__} has no option {option!r}.'
                    f'{did_you_mean(option, known)}'
                )
        options = settings(**config)
    else:  # a name would be looked up on the network
        options = settings.from_pretrained(config, local_files_only=True)
    built = kind(options)
    if getattr(built, 'pooler', None) is not None:  # of text models; heads pool here
        built.pooler = None
    promote(built, type(kind.__name__, (features, kind), {}))
    built.pool = pool
    return built


def find_model(model: str) -> Any:
    """A class of transformers by its name.

    Raises:
        ConfigError: transformers is missing, or has no such model.
    """
    try:
        import transformers
    except ImportError as error:
        raise ConfigError(
            f"{model!r} needs transformers: pip install 'mmadapt[transformers]'."
        ) from error
    kind = getattr(transformers, model, None)
    if isinstance(kind, type) and issubclass(kind, transformers.PreTrainedModel):
        return kind
    names = [name for name in dir(transformers) if name.endswith('Model')]
    raise ConfigError(
        f'model={model!r} is no model of transformers; give the class of a trunk: '
        f'ViTModel, Dinov2Model or VideoMAEModel.{did_you_mean(model, names)}'
    )
