"""A GPU where there is none: tensors with a shape, a type and its name, no numbers.

An operation on tensors of two devices is an error, as on a GPU.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.func import functional_call

__all__ = ['GPU', 'MODE', 'run_there', 'there']

GPU = 'cuda'

MODE = FakeTensorMode(allow_non_fake_inputs=True)
"""One for all: upstream keeps masks for the next call."""


class Switched(nn.Module):
    """A model that is told to train, or not to, where its weights are already."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, training: bool, *args: Any, **options: Any) -> Any:
        self.model.train(training)
        return self.model(*args, **options)


def there(tensor: Tensor) -> Tensor:
    """A tensor's copy on the GPU."""
    with MODE:
        return MODE.from_tensor(tensor.detach()).to(GPU)


def run_there(model: nn.Module, training: bool, *args: Any, **options: Any) -> Any:
    """What a model gives whose weights are on the GPU.

    Args:
        model: It stays as it is.
        training: In which mode it runs; it is told so there.
        args: For its ``forward``, there already.
        options: The same.
    """
    model = Switched(model)
    state = {name: there(tensor) for name, tensor in model.named_buffers()}
    for name, parameter in model.named_parameters():
        state[name] = there(parameter).requires_grad_(parameter.requires_grad)
    with MODE:
        return functional_call(model, state, (training, *args), options)
