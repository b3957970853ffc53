"""Whether a training's precision is the one that its trunk is stored for."""

from __future__ import annotations

from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner

from ..errors import ConfigError
from ..precision import opens_bfloat16, stored
from ..weights.stamp import find_stamps
from ..wrapping import unwrapped

__all__ = ['check_precision']


def check_precision(runner: Runner) -> None:
    """Refuse to train on a trunk in bfloat16 in another precision.

    Raises:
        ConfigError: The optimizer wrapper opens no bfloat16 autocast.
    """
    model = unwrapped(runner.model)
    if not any(stored(model.get_submodule(name)) for name in find_stamps(model)):
        return
    device = next(model.parameters()).device.type
    wrapper = runner.optim_wrapper
    inner = (
        [one for _, one in wrapper.items()]
        if isinstance(wrapper, OptimWrapperDict)
        else [wrapper]
    )
    for one in inner:
        with one.optim_context(runner.model):
            fits = opens_bfloat16(device)
        if not fits:
            raise ConfigError(
                f"frozen_dtype='bfloat16' trains in bfloat16 only, and "
                f'{type(one).__name__} opens no bfloat16 autocast on {device}. Give '
                "--amp, or optim_wrapper=dict(type='BFloat16OptimWrapper'); or leave "
                'frozen_dtype out.'
            )
