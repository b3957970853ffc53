"""Testing in mixed precision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.registry import LOOPS
from mmengine.runner import TestLoop
from mmengine.runner.amp import autocast
from mmengine.structures import BaseDataElement

__all__ = ['AmpTestLoop']


@LOOPS.register_module()
class AmpTestLoop(TestLoop):
    """MMEngine's test loop with ``fp16=True``, its predictions in float32.

    A CPU tests in bfloat16, which numpy, and with it MMAction2's metric, doesn't know.
    """

    def __init__(self, *args: Any, fp16: bool = True, **test_loop: Any) -> None:
        super().__init__(*args, fp16=fp16, **test_loop)

    @torch.no_grad()
    def run_iter(self, idx: int, data_batch: Sequence[dict[str, Any]]) -> None:
        """Test one batch."""
        runner = self.runner
        runner.call_hook('before_test_iter', batch_idx=idx, data_batch=data_batch)
        with autocast(enabled=self.fp16):
            outputs = runner.model.test_step(data_batch)
        outputs = [in_float32(sample) for sample in outputs]
        self.evaluator.process(data_samples=outputs, data_batch=data_batch)
        runner.call_hook(
            'after_test_iter', batch_idx=idx, data_batch=data_batch, outputs=outputs
        )


def in_float32(sample: Any) -> Any:
    """A prediction whose floating point tensors are float32, changed in place."""
    if isinstance(sample, BaseDataElement):
        for name, value in sample.items():
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                sample.set_field(value.float(), name)
    return sample
