"""Testing in mixed precision."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from mmengine.structures import BaseDataElement

from mmadapt.loops import AmpTestLoop, in_float32


def test_floating_point_fields_only() -> None:
    sample = BaseDataElement(
        score=torch.ones(2, dtype=torch.bfloat16), label=torch.tensor([1])
    )
    sample.set_metainfo({'name': 'a'})
    changed = in_float32(sample)
    assert changed.score.dtype == torch.float32
    assert changed.label.dtype == torch.int64
    assert changed.name == 'a'


def test_model_runs_in_low_precision_and_the_metric_reads_float32() -> None:
    seen: dict[str, Any] = {}
    layer = torch.nn.Linear(4, 2)

    def test_step(batch: Any) -> list[BaseDataElement]:
        scores = layer(batch)
        seen['model'] = scores.dtype
        return [BaseDataElement(score=row) for row in scores]

    def process(data_samples: Any, data_batch: Any) -> None:
        seen['metric'] = data_samples[0].score.dtype
        data_samples[0].score.numpy()

    calls: list[str] = []
    loop = AmpTestLoop.__new__(AmpTestLoop)
    loop.fp16 = True
    loop._runner = SimpleNamespace(
        model=SimpleNamespace(test_step=test_step),
        call_hook=lambda name, **_: calls.append(name),
    )
    loop.evaluator = SimpleNamespace(process=process)
    loop.run_iter(0, torch.ones(3, 4))
    assert seen == {'model': torch.bfloat16, 'metric': torch.float32}
    assert calls == ['before_test_iter', 'after_test_iter']
