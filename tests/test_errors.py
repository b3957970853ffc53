"""The closing sentences of errors."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mmadapt.errors import did_you_mean

NFC, NFD, BOTH = 'caf\u00e9', 'cafe\u0301', 'e\u0301\u00e9'


@pytest.mark.parametrize(
    ('given', 'allowed', 'sentence'),
    [
        ('daysi', ['rose', 'daisy'], " Did you mean 'daisy'?"),
        ('daisy', ['1', '2'], ''),
        ('daisy', [], ''),
        (NFC, [NFC], f" Did you mean '{NFC}'?"),
        (NFC, ['cafe'], " Did you mean 'cafe'?"),
    ],
)
def test_the_nearest_name(given: str, allowed: Sequence[str], sentence: str) -> None:
    assert did_you_mean(given, allowed) == sentence


@pytest.mark.parametrize(
    ('given', 'allowed', 'forms'),
    [
        (NFC, NFD, [r"'caf\xe9' (NFC)", r"'cafe\u0301' (NFD)"]),
        (NFD, NFC, [r"'cafe\u0301' (NFD)", r"'caf\xe9' (NFC)"]),
        (BOTH, 'éé', [r"'e\u0301\xe9' (partly NFC, partly NFD)", r"'\xe9\xe9' (NFC)"]),
    ],
)
def test_names_that_look_alike(given: str, allowed: str, forms: list[str]) -> None:
    sentence = did_you_mean(given, ['cafes', allowed])
    assert f'given is {forms[0]}, what is allowed is {forms[1]}.' in sentence
    assert 'Did you mean' not in sentence
