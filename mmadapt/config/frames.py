"""How many frames a clip has: one number for the transformer and for its data."""

from __future__ import annotations

from ..errors import ConfigError
from .places import Node, slots

__all__ = ['fill_frames']


def fill_frames(cfg: Node) -> None:
    """Give the backbone and every pipeline the config's ``num_frames``, in place.

    Raises:
        ConfigError: A place is open and no number is given.
    """
    given = cfg.get('num_frames')
    for slot in slots(cfg, 'num_frames'):
        if not slot.is_open:
            continue
        if given is None:
            raise ConfigError(
                f'{slot.path} is None: how many frames has a clip? Give it for the '
                'transformer and its data at once: --cfg-options num_frames=8.'
            )
        slot.fill(int(given))
