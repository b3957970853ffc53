"""Multimodal models are left out where transformers is too new for them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from mmadapt.compat import multimodal


@pytest.mark.parametrize(
    ('source', 'too_new'),
    [
        ('def apply_chunking_to_forward(): ...', False),
        ('class PreTrainedModel: ...', True),
    ],
)
def test_the_switch_is_thrown_for_a_transformers_without_the_name(
    source: str, too_new: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / 'transformers'
    package.mkdir()
    (package / '__init__.py').touch()
    (package / 'modeling_utils.py').write_text(source)
    spec = SimpleNamespace(origin=str(package / '__init__.py'))
    monkeypatch.setattr(multimodal, 'find_spec', lambda name: spec)
    dependency = ModuleType('dependency')
    dependency.WITH_MULTIMODAL = True  # type: ignore[attr-defined]
    monkeypatch.setattr(multimodal, 'after_import', lambda name, mend: mend(dependency))
    assert multimodal.skip_multimodal() is too_new
    assert dependency.WITH_MULTIMODAL is not too_new


def test_nothing_is_done_without_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multimodal, 'find_spec', lambda name: None)
    assert multimodal.skip_multimodal() is False
