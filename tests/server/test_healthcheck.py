"""The health check says yes to a server that answers, and in a sentence why not to any other."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from server.healthcheck import fault
from tests.support.served import CHECKOUT, free_port, serve

PLAIN = {"HANMARU_TLS": "off", "HANMARU_PUBLIC_ORIGINS": "https://hall.example"}


async def checked(environment: dict[str, str]) -> tuple[int | None, str]:
    """Exit code and what is said, as a container runtime has it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server.healthcheck"), cwd=CHECKOUT, env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    return process.returncode, said.decode()


@pytest.mark.parametrize("settings", [{}, PLAIN], ids=["https", "http"])
async def test_a_server_that_answers_is_healthy(tmp_path: Path, settings: dict[str, str]) -> None:
    served = await serve(tmp_path, settings=settings)
    try:
        assert await checked(served.environment) == (0, "")
    finally:
        await served.stop()


async def test_a_server_that_is_not_there_is_told_in_a_sentence() -> None:
    port = free_port()
    code, said = await checked({"HANMARU_PORT": str(port)})
    assert code == 1
    assert said.startswith(f"https://localhost:{port} does not answer: ")


async def test_a_server_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.healthcheck.ANSWER_S", 0.3)
    hanging = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = hanging.sockets[0].getsockname()[1]
    said = await asyncio.to_thread(fault, {"HANMARU_PORT": str(port)})
    hanging.close()
    assert said is not None
    assert "timed out" in said


def test_bad_settings_are_told_as_they_are() -> None:
    assert fault({"HANMARU_PORT": "many"}) == 'HANMARU_PORT is "many"; a port is a number from 0 to 65535.'


async def test_it_loads_nothing_that_takes_long() -> None:
    command = "import sys, server.healthcheck; print(*sys.modules)"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", command, cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert not {"asyncio", "aiohttp", "numpy", "pydantic", "sqlalchemy", "structlog"} & set(out.decode().split())
