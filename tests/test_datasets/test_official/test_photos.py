"""Photos are decoded once, and each fault is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmadapt.datasets.official import Findings, check_photos, photos
from tests.test_tools.test_data.downloads import jpeg


def test_an_interrupted_check_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / f'{index}.jpg' for index in range(5)]
    for file in files:
        file.write_bytes(jpeg())
    files[3].write_bytes(b'no photo')
    decoded: list[str] = []
    real = photos.fault_of

    def watched(photo: Path) -> str | None:
        decoded.append(photo.name)
        return real(photo)

    monkeypatch.setattr(photos, 'fault_of', watched)
    for _ in range(2):
        findings = Findings(tmp_path / 'problems.txt')
        check_photos(files, findings, tmp_path / 'journal')
        assert [fault.place for fault in findings.faults] == [str(files[3])]
    assert sorted(decoded[:5]) == [file.name for file in files]
    assert decoded[5:] == ['3.jpg']  # what was broken is tried again
    files[0].write_bytes(jpeg() + b' ')
    with (tmp_path / 'journal').open('a') as lines:
        lines.write('99 ')  # a line cut off
    check_photos(files, findings, tmp_path / 'journal')
    assert sorted(decoded[6:]) == ['0.jpg', '3.jpg']  # and what has changed
    check_photos(files, findings, tmp_path / 'journal')
    assert decoded[8:] == ['3.jpg']
