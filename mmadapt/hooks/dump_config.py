"""The run's config in its work_dir, written when training is about to start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

__all__ = ['DumpConfigHook', 'without_dump']


@HOOKS.register_module()
class DumpConfigHook(Hook):
    """Writes the config that MMEngine would write while the runner is built.

    By then nothing is known to work: a test, or a training that ends in an error, would
    leave its own config in the place of that of the run whose files lie there.
    """

    priority = 'LOWEST'

    def before_train(self, runner: Runner) -> None:
        """Write it; the other hooks have accepted model, data and resumed file."""
        runner.dump_config()


@contextmanager
def without_dump(kind: type) -> Iterator[None]:
    """Keep a runner class from writing its config while it is built."""
    inherited = 'dump_config' not in vars(kind)
    original = kind.dump_config  # type: ignore[attr-defined]
    setattr(kind, 'dump_config', lambda runner: None)  # noqa: B010 - put back below
    try:
        yield
    finally:
        if inherited:
            delattr(kind, 'dump_config')
        else:
            setattr(kind, 'dump_config', original)  # noqa: B010
