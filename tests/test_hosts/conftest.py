"""Every contract test runs over every registered host."""

from __future__ import annotations

import pytest

from tests.host_cases import HOST_CASES, HostCase

from .contract import stretched


@pytest.fixture(params=HOST_CASES, ids=lambda case: case.id)
def case(request: pytest.FixtureRequest) -> HostCase:
    return stretched(request.param)
