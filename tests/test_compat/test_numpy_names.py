"""Names that numpy 2 took away."""

import numpy as np
import pytest

from mmadapt.compat.numpy_names import SUCCESSORS, restore_numpy_names

GONE = [name for name in SUCCESSORS if name not in np.__all__]


@pytest.mark.parametrize('name', sorted(SUCCESSORS))
def test_numpy_itself_lacks_the_name_or_was_left_alone(name, monkeypatch):
    if name in GONE:
        monkeypatch.delattr(np, name)
        with pytest.raises(AttributeError):
            getattr(np, name)
    else:
        before = getattr(np, name)
        restore_numpy_names()
        assert getattr(np, name) is before


def test_absent_names_come_back_once(monkeypatch):
    for name in GONE:
        monkeypatch.delattr(np, name)
    assert sorted(restore_numpy_names()) == sorted(GONE)
    assert restore_numpy_names() == []


def test_they_mean_what_they_meant():
    assert np.Inf == float('inf')
    assert np.trapz([1.0, 2.0, 3.0], [0.0, 1.0, 3.0]) == 6.5
    assert np.in1d([1, 5], [5, 6]).tolist() == [False, True]
