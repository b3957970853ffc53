"""Weights that a config names have to be there."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from mmadapt.config.files import check_load_from
from mmadapt.errors import WeightsError


def test_weights_to_start_from_have_to_be_there(tmp_path: Path) -> None:
    file = tmp_path / 'epoch_10.pth'
    file.touch()
    check_load_from(Config({'load_from': str(file)}))
    check_load_from(Config({'load_from': 's3://bucket/epoch_10.pth'}))
    slip = tmp_path / 'epoch_1.pth'
    with pytest.raises(WeightsError, match=r'load_from=.*epoch_10\.pth') as caught:
        check_load_from(Config({'load_from': str(slip)}))
    assert 'no such file' in str(caught.value)
