"""What can't be asked of a trunk that is dealt out, refused before it is built."""

from __future__ import annotations

from mmengine.config import Config
from mmengine.hooks import EMAHook
from mmengine.runner import Runner

from ..config.places import walk
from ..errors import ConfigError
from ..hooks.finite import FiniteHook
from ..hooks.prefix_cache import PrefixCacheHook
from .sharded import ShardedStrategy
from .zero import ZeroStrategy

__all__ = ['check_hooks', 'check_strategy']

OURS = (ShardedStrategy.__name__, ZeroStrategy.__name__)


def check_strategy(cfg: Config) -> None:
    """Refuse a strategy that writes no task files, and what it can't do.

    Raises:
        ConfigError: It is MMEngine's own of DeepSpeed; or a backbone has ``fused_mlp``,
            and DeepSpeed gathers a weight when its own module is called; or one that
            shards by itself has an option of a wrapper.
    """
    kind = kind_of(cfg)
    if kind == 'DeepSpeedStrategy':
        raise ConfigError(
            "strategy.type='DeepSpeedStrategy' writes files of its own in place of "
            "task files, and is not supported. Give strategy=dict(type='ZeroStrategy')"
            ", which is DeepSpeed with task files, or strategy=dict(type='Sharded"
            "Strategy'), which needs no DeepSpeed."
        )
    if kind == ShardedStrategy.__name__ and cfg.strategy.get('model_wrapper'):
        raise ConfigError(
            f'strategy.model_wrapper={dict(cfg.strategy.model_wrapper)!r}: {kind} has '
            'no wrapper, the model is dealt out in place. Leave it out.'
        )
    for path, node in walk(cfg.get('model'), 'model'):
        if kind == ZeroStrategy.__name__ and node.get('fused_mlp') is True:
            raise ConfigError(
                f'{path}.fused_mlp=True: under {kind} the modules of each block have '
                'to run, for DeepSpeed gathers the weights of a module when it is '
                "called. Leave it out (recompute='mlp' keeps less, and runs them), or "
                "take strategy=dict(type='ShardedStrategy')."
            )


def check_hooks(runner: Runner, cfg: Config) -> None:
    """Refuse what a hook can't do with a model that is dealt out.

    Raises:
        ConfigError: A moving average, whose hook copies the model; kept activations,
            whose hook reads whole weights; updates left out where DeepSpeed alone sees
            the gradients.
    """
    kind = kind_of(cfg)
    if kind not in OURS:
        return
    for hook in runner.hooks:
        if isinstance(hook, EMAHook):
            raise ConfigError(
                f'{type(hook).__name__} copies the whole model, which {kind} deals '
                'out: take it out of custom_hooks.'
            )
        if isinstance(hook, PrefixCacheHook):
            raise ConfigError(
                f'{type(hook).__name__} computes the frozen part of the trunk in each '
                f'process by itself, from whole weights, which {kind} deals out: take '
                'it out of default_hooks, or take strategy out of the config.'
            )
        by_deepspeed = kind == ZeroStrategy.__name__
        if by_deepspeed and isinstance(hook, FiniteHook) and hook.skip:
            raise ConfigError(
                f'default_hooks.finite.skip={hook.skip}: under {kind} no update can be '
                'left out, for DeepSpeed alone sees the gradients. Take skip out of '
                "the config, or take strategy=dict(type='ShardedStrategy')."
            )


def kind_of(cfg: Config) -> str | None:
    """The type of a config's strategy, without a scope."""
    kind = (cfg.get('strategy') or {}).get('type')
    if isinstance(kind, type):
        return kind.__name__
    return kind.rpartition('.')[2] if isinstance(kind, str) else None
