"""Names that numpy 2 took away stand for the new ones."""

from __future__ import annotations

import numpy as np
import pytest

from mmadapt.compat.numpy_names import SUCCESSORS, restore_numpy_names


@pytest.mark.parametrize('name', sorted(SUCCESSORS))
def test_the_old_name_is_the_new_thing(name: str) -> None:
    assert hasattr(np, name)
    if np.__version__.startswith('2.') and name == 'Inf':
        assert np.Inf == np.inf


def test_what_is_there_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    own = object()
    monkeypatch.setattr(np, 'in1d', own, raising=False)
    assert 'in1d' not in restore_numpy_names()
    assert np.in1d is own


def test_what_is_absent_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(np, 'Inf', raising=False)
    assert not hasattr(np, 'Inf')
    assert restore_numpy_names() == ['Inf']
    assert np.Inf == np.inf
