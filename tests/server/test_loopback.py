"""The loopback test as a technician runs it: exit code, JSON, sentences."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from server.loopback import report
from server.loopback_checks import Seen, judge
from tests.support.served import CHECKOUT, Served, free_port, serve

RUN_S = 60.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    served = await serve(tmp_path_factory.mktemp("loopback"))
    yield served
    await served.stop()


async def loopback(environment: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "loopback", *arguments),
        cwd=CHECKOUT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), RUN_S)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def check(result: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in result["checks"] if one["name"] == name)


@pytest.mark.asyncio(loop_scope="module")
async def test_running_server_is_tested_and_the_result_is_json(served: Served) -> None:
    code, out, err = await loopback(served.environment, "--json")
    result = json.loads(out)
    assert result["url"] == served.origin
    assert len(result["checks"]) == 9
    for name in ("connection", "picture size", "picture not black", "sound level", "loss"):
        assert check(result, name)["passed"], check(result, name)
    assert result["seen"]["frames_per_s"] > 0
    assert result["server"]["width"] > 0
    assert result["passed"] == all(one["passed"] for one in result["checks"])
    assert code == (0 if result["passed"] else 1)
    assert "Traceback" not in err
    assert served.link("room", "booth-1", "suwon").token not in out


@pytest.mark.asyncio(loop_scope="module")
async def test_interpreter_is_tested_without_pictures(served: Served) -> None:
    token = served.link("interpreter", "booth-1").token
    _, out, err = await loopback(served.environment, "--url", served.origin, "--token", token, "--json")
    result = json.loads(out)
    assert [one["name"] for one in result["checks"]] == ["connection", "sound level", "sound delay", "loss"]
    assert check(result, "sound level")["passed"]
    assert "Traceback" not in err


@pytest.mark.asyncio(loop_scope="module")
async def test_bad_token_cannot_run_and_says_why(served: Served) -> None:
    code, out, err = await loopback(served.environment, "--url", served.origin, "--token", "nonsense", "--json")
    assert code == 2
    assert json.loads(out)["passed"] is False
    assert "refuses this link" in err
    assert "Traceback" not in err


@pytest.mark.asyncio(loop_scope="module")
async def test_server_that_is_not_there_cannot_be_tested(served: Served) -> None:
    code, _, err = await loopback(served.environment, "--url", f"https://localhost:{free_port()}")
    assert code == 2
    assert "cannot be reached" in err
    assert "Traceback" not in err


@pytest.mark.asyncio(loop_scope="module")
async def test_without_a_running_server_one_is_started_for_the_test(served: Served) -> None:
    environment = {**served.environment, "HANMARU_PORT": str(free_port())}
    code, out, err = await loopback(environment)
    assert code in (0, 1)
    assert "one is started for this test" in err
    assert "PASS  picture size" in out
    assert "Traceback" not in err


def test_report_says_what_to_do_under_each_failure() -> None:
    text = report("https://here", judge(Seen(640, 512)))
    assert text.count("FAIL") == 9
    assert "9 of 9 checks failed." in text
    assert "Use a cable instead of Wi-Fi" in text
