"""One trunk for several backbones: what is the same in them is in memory once."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from ..errors import ConfigError

__all__ = ['Trunk']

Place = tuple[str, tuple[int, ...], object]
"""Name, shape and type of a buffer: backbones of several builds may have it too."""


class Trunk:
    """The frozen tensors that backbones have had so far, the first of each."""

    def __init__(self) -> None:
        self.parameters: dict[str, nn.Parameter] = {}
        self.buffers: dict[Place, Tensor] = {}

    def share(self, backbone: nn.Module, name: str) -> None:
        """Let a backbone keep tensors of the others in place of its own.

        Frozen parameters must be the same. Buffers, tables of positions for instance,
        are shared where they are; statistics that training moves never are.

        Args:
            backbone: Of the task, in evaluation.
            name: Of the task.

        Raises:
            ConfigError: Some frozen parameters differ; nothing is changed then.
        """
        own = {n: p for n, p in backbone.named_parameters() if not p.requires_grad}
        check_alike(own, self.parameters, name)
        for place, parameter in own.items():
            parameter.data = self.parameters.setdefault(place, parameter).data
        for key, buffer in fixed_buffers(backbone).items():
            other = self.buffers.setdefault(key, buffer)
            if alike(buffer, other):
                buffer.data = other.data


def check_alike(
    own: dict[str, nn.Parameter], others: dict[str, nn.Parameter], name: str
) -> None:
    """Refuse a trunk that isn't the others'.

    Args:
        own: Frozen parameters of a task.
        others: Those of the tasks in front of it; empty where there are none.
        name: Of the task.

    Raises:
        ConfigError: With the first parameter that differs.
    """
    common = [n for n in own if n in others]
    unlike = [n for n in common if not alike(own[n], others[n])]
    if own and others and not common:
        differs, same = 'no parameter is in both', 'trunk file'
    elif not unlike:
        return
    elif numbers := [n for n in unlike if own[n].shape == others[n].shape]:
        differs, same = f'{numbers[0]} differs', 'trunk file'
        types = own[numbers[0]].dtype, others[numbers[0]].dtype
        if types[0] != types[1]:
            differs = f'{numbers[0]} differs in type: {types[0]}, there {types[1]}'
            same = 'frozen_dtype'
    else:
        shapes = tuple(own[unlike[0]].shape), tuple(others[unlike[0]].shape)
        differs = f'{unlike[0]} differs in shape: {shapes[0]}, there {shapes[1]}'
        same = 'trunk file, img_size and num_frames'
    raise ConfigError(
        f'The task {name!r} stands on another trunk than those in front of it: '
        f'{differs}. Give their configs the same {same}, or load it by itself '
        '(load_task).'
    )


def fixed_buffers(backbone: nn.Module) -> dict[Place, Tensor]:
    """Buffers that nothing moves: none in training mode, no norm's statistics."""
    return {
        (f'{place}.{n}' if place else n, tuple(buffer.shape), buffer.dtype): buffer
        for place, module in backbone.named_modules()
        if not module.training and not isinstance(module, _NormBase)
        for n, buffer in module.named_buffers(recurse=False)
    }


def alike(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are the same in type, shape and numbers."""
    return one.dtype == other.dtype and one.equal(other)
