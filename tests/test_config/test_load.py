"""Reading a config file."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmadapt.config import load_config
from mmadapt.errors import ConfigError


def test_reads(tmp_path: Path) -> None:
    (tmp_path / 'a.py').write_text('x = 1\n')
    assert load_config(tmp_path / 'a.py').x == 1


def test_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / 'adaptformer.py').write_text('x = 1\n')
    with pytest.raises(ConfigError, match='no such file') as error:
        load_config(tmp_path / 'adaptfromer.py')
    assert str(tmp_path / 'adaptformer.py') in str(error.value)
