"""Processes of one run train one model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from mmengine.dist import all_gather_object, get_world_size
from torch import Tensor, nn

from ..errors import FrozenTrunkError
from ..weights.fingerprint import hash_tensor
from ..weights.stamp import find_stamps

__all__ = ['check_processes', 'digest']

ADVICE = (
    'Wrap the model (model_wrapper_cfg) before training, with its adapters in it, and '
    'give every process the same config and files.'
)


def digest(tensors: Iterable[tuple[str, Tensor]]) -> str:
    """SHA-256 (hex) of named tensors; empty where this process is alone."""
    if get_world_size() == 1:
        return ''
    found = hashlib.sha256()
    for name, tensor in tensors:
        found.update(f'{name} {hash_tensor(tensor)}\n'.encode())
    return found.hexdigest()


def check_processes(
    model: nn.Module, frozen: Mapping[str, str], applied: str | None
) -> None:
    """Refuse processes that train apart; called behind the first update.

    Args:
        model: The model of this process.
        frozen: Hashes of its frozen tensors by name.
        applied: The digest of the gradients that its first update applied.

    Raises:
        FrozenTrunkError: With the numbers of the processes, and what differs.
    """
    trained = digest((n, p) for n, p in model.named_parameters() if p.requires_grad)
    prints = [stamp.record.fingerprint for stamp in find_stamps(model).values()]
    own = {
        'name different trunks by their fingerprints': repr(prints),
        'hold different frozen trunks': repr(sorted(frozen.items())),
        'applied different gradients in the first update: they were not averaged': (
            applied
        ),
        'hold different trained parameters after the first update': trained,
    }
    own = {what: hashlib.sha256(str(v).encode()).hexdigest() for what, v in own.items()}
    reports: list[dict[str, str]] = all_gather_object(own)
    for what, value in reports[0].items():
        differ = [rank for rank, report in enumerate(reports) if report[what] != value]
        if differ:
            raise FrozenTrunkError(
                f'process 0 and {", ".join(map(str, differ))} of {len(reports)} '
                f'{what}. {ADVICE}'
            )
