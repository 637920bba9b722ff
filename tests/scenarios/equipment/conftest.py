"""A server of its own for equipment: every scenario takes a booth, and an event has fifty."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.scenarios.booths import running
from tests.support.served import Served


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def automatic(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A server whose consultations start by themselves."""
    async for served in running(tmp_path_factory, "equipment", start="automatic"):
        yield served
