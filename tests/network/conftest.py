"""Places with weather between them, for every test here that asks; what needs root is skipped elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.weather import namespace
from tests.support.weather.network import Network, seed


@pytest_asyncio.fixture
async def network() -> AsyncIterator[Network]:
    """Nothing but a delay line so far."""
    if why := namespace.why_not():
        pytest.skip(why)
    async with Network(seed()) as network:
        print(f"HANMARU_SEED={network.seed}")  # noqa: T201 - shown when the test fails
        yield network
