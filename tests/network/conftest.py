"""Places with weather between them, for every test here that asks; what needs root is skipped elsewhere."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.weather.meeting import Meeting, meeting
from tests.support.weather.namespace import why_not
from tests.support.weather.network import Network, seed


@pytest_asyncio.fixture
async def network() -> AsyncIterator[Network]:
    """Nothing but a delay line so far."""
    if why := why_not():
        pytest.skip(why)
    async with seeded() as network:
        yield network


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def two_booths(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Meeting]:
    """Two consultations at one server, everybody 80 ms away from it, there and back."""
    if why := why_not():
        pytest.skip(why)
    async with seeded() as network, meeting(network, tmp_path_factory.mktemp("two-booths"), booths=2) as held:
        yield held


def seeded() -> Network:
    """A network whose seed is shown when a test fails."""
    network = Network(seed())
    sys.stdout.write(f"HANMARU_SEED={network.seed}\n")
    return network
