"""Which pre-trained weights a trunk has: one hash, and one for each tensor."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor

__all__ = ['TrunkRecord', 'hash_tensor', 'hash_values']


def hash_tensor(tensor: Tensor) -> str:
    """SHA-256 (hex) of a tensor's shape, dtype and bytes.

    Args:
        tensor: Of any shape and dtype, on any device; of one that is dealt out over
            processes the part of this one.
    """
    if isinstance(tensor, DTensor):
        tensor = tensor.to_local()
    tensor = getattr(tensor, 'ds_tensor', tensor)  # DeepSpeed's part of it
    digest = hashlib.sha256(f'{tuple(tensor.shape)} {tensor.dtype} '.encode())
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()


def hash_values(tensor: Tensor) -> str:
    """The hash of a tensor's float32 values, in whatever floating type it is stored.

    Half precision becomes float32 without loss; of float64 it is what a model takes.

    Args:
        tensor: Of any shape and dtype, on any device; whole numbers stay as they are.
    """
    return hash_tensor(tensor.float() if tensor.is_floating_point() else tensor)


@dataclass(frozen=True)
class TrunkRecord:
    """What a trunk was loaded from, tensor by tensor.

    Attributes:
        file: Name of the file, for messages; it has no part in the fingerprint.
        tensors: Name in the backbone to SHA-256 (hex) of the values as they were read
            from the file: renamed, but not yet resized or inflated; see
            :func:`hash_values`.
    """

    file: str = ''
    tensors: dict[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over names and hashes; empty when nothing was loaded."""
        if not self.tensors:
            return ''
        lines = (f'{name} {self.tensors[name]}\n' for name in sorted(self.tensors))
        return hashlib.sha256(''.join(lines).encode()).hexdigest()

    def without(self, prefixes: Iterable[str]) -> TrunkRecord:
        """The record with the tensors under ``prefixes`` left out.

        Args:
            prefixes: Names, or their beginnings up to a dot.
        """
        dropped = tuple(prefixes)
        kept = {
            name: digest
            for name, digest in self.tensors.items()
            if not any(name == p or name.startswith(f'{p}.') for p in dropped)
        }
        return TrunkRecord(self.file, kept)
