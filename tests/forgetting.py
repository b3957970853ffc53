"""What MMEngine keeps of runs that are over."""

from __future__ import annotations

from collections.abc import Iterator

from mmengine.utils import ManagerMixin

__all__ = ['forget_runs']


def forget_runs() -> None:
    """Let the next run be the first one of this process.

    MMEngine knows a run by its config's name and the second in which it began: another
    one of that second would have its scope, its log and its best score.
    """
    for kind in managers(ManagerMixin):
        vars(kind).get('_instance_dict', {}).clear()


def managers(kind: type) -> Iterator[type]:
    """All classes below one."""
    for below in kind.__subclasses__():
        yield below
        yield from managers(below)
