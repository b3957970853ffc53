"""In which order a file's frozen weights are compared with those of the model."""

from __future__ import annotations

import pytest

from mmadapt.weights import task_file

from .test_stamp import trained


def test_all_processes_compare_in_the_order_of_the_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a sharded model that is a message between them, and each has to be met."""
    model = trained()
    seen: list[int] = []

    def same(own: object, given: object) -> bool:
        seen.append(id(own))
        return False

    state = model.state_dict()
    monkeypatch.setattr(model, 'state_dict', lambda: state)
    monkeypatch.setattr(task_file, 'differs', same)
    task_file.check_task_state(model, state)
    keys = task_file.task_keys(model)
    frozen = [id(value) for name, value in state.items() if name not in keys]
    assert len(frozen) > 10
    assert seen == frozen
