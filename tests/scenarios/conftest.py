"""One server for all scenarios of a kind; every test sits down at a booth of its own."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.scenarios.booths import LARGE_SCREEN_PX, running
from tests.scenarios.table import Table
from tests.support.served import Served

HERE = Path(__file__).parent
_numbers: defaultdict[str, itertools.count[int]] = defaultdict(lambda: itertools.count(1))
"""By server: an event has fifty booths at most."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all scenarios in the loop that the shared servers were started in."""
    mark = pytest.mark.asyncio(loop_scope="session")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(mark, append=False)


def free_booth(served: Served) -> str:
    """A booth of that server which no test has sat down at."""
    return f"booth-{next(_numbers[served.origin])}"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def automatic(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A server whose consultations start by themselves."""
    async for served in running(tmp_path_factory, "automatic", start="automatic"):
        yield served


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def by_operator(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A server whose consultations are started by an operator."""
    async for served in running(tmp_path_factory, "operator", start="operator"):
        yield served


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def large(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A server with screens of 1280x1024."""
    async for served in running(tmp_path_factory, "large", start="automatic", screen_px=LARGE_SCREEN_PX, booths=4):
        yield served


@pytest_asyncio.fixture(loop_scope="session")
async def table(automatic: Served) -> AsyncIterator[Table]:
    """An empty booth that goes live by itself."""
    table = Table(automatic, free_booth(automatic))
    yield table
    await table.clear()


@pytest_asyncio.fixture(loop_scope="session")
async def neighbour(automatic: Served) -> AsyncIterator[Table]:
    """Another booth of the same server, whose people have voices of their own."""
    table = Table(automatic, free_booth(automatic), neighbour=True)
    yield table
    await table.clear()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def long_table(automatic: Served) -> AsyncIterator[Table]:
    """A booth for all tests of a file."""
    table = Table(automatic, free_booth(automatic))
    yield table
    await table.clear()


@pytest_asyncio.fixture(loop_scope="session")
async def led_table(by_operator: Served) -> AsyncIterator[Table]:
    """An empty booth that an operator has to start."""
    table = Table(by_operator, free_booth(by_operator))
    yield table
    await table.clear()


@pytest_asyncio.fixture(loop_scope="session")
async def large_table(large: Served) -> AsyncIterator[Table]:
    """An empty booth with screens of 1280x1024."""
    table = Table(large, "booth-1")
    yield table
    await table.clear()
