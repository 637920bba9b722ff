"""The command line as somebody at a terminal meets it: a real process, its output, its exit code."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from server.robot import trusting
from tests.support.served import Served, free_port, serve

HANOI = "events/suwon-hanoi.toml"
TEST_EVENT = "tests/support/test-event.toml"
TEXT = Path(TEST_EVENT).read_text(encoding="utf-8")


async def ran(*arguments: str, state_dir: Path, **environment: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", *arguments),
        env={"PATH": os.environ["PATH"], "HANMARU_STATE_DIR": str(state_dir), **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await process.communicate()
    assert b"Traceback" not in error
    return process.returncode or 0, out.decode(), error.decode()


@pytest.mark.parametrize("command", ["run", "links", "sheet", "check", "revoke", "loopback", "demo"])
async def test_every_command_explains_itself(tmp_path: Path, command: str) -> None:
    code, out, _ = await ran(command, "--help", state_dir=tmp_path)
    assert code == 0
    assert f"Usage: python -m server {command}" in out


async def test_help_lists_commands_and_settings(tmp_path: Path) -> None:
    code, out, _ = await ran("--help", state_dir=tmp_path)
    assert code == 0
    for word in ("run", "links", "sheet", "check", "revoke", "loopback", "demo", "HANMARU_EVENT", "HANMARU_ANNOUNCE"):
        assert word in out


async def test_check_says_good_or_every_fault_and_its_exit_code_agrees(tmp_path: Path) -> None:
    assert await ran("check", HANOI, TEST_EVENT, state_dir=tmp_path) == (
        0,
        f"{HANOI}: good. 12 May 2020, 5 booths, 26 links.\n{TEST_EVENT}: good. 12 May 2020, 2 booths, 11 links.\n",
        "",
    )
    bad = tmp_path / "bad.toml"
    bad.write_text(TEXT.replace('"kim"]', '"kin"]').replace("Asia/Seoul", "Asia/Soul"))
    code, out, _ = await ran("check", str(bad), state_dir=tmp_path)
    assert code == 1
    lines = out.splitlines()
    assert len(lines) == 4
    assert lines[-1] == "3 faults."
    assert all(re.match(rf"{re.escape(str(bad))}:\d+: [a-z_\[\]0-9.]+: .*[.?]$", line) for line in lines[:-1])


async def test_links_are_the_documented_json_and_open_with_the_same_secret(tmp_path: Path) -> None:
    code, out, _ = await ran("links", "--json", "--event", TEST_EVENT, state_dir=tmp_path, HANMARU_PORT="9443")
    rows = json.loads(out)
    assert code == 0
    assert len(rows) == 11
    assert all(list(row) == ["role", "booth", "site", "name", "url", "token"] for row in rows)
    assert rows[0]["url"] == f"https://localhost:9443/room#{rows[0]['token']}"
    code, out, _ = await ran("links", "--booth", "booth-2", "--qr", "--event", TEST_EVENT, state_dir=tmp_path)
    assert code == 0
    assert "Booth 1" not in out
    assert "▀" in out


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("links", "--booth", "booth-7", "--event", TEST_EVENT), 2, 'no booth "booth-7"; it has booth-1, booth-2'),
        (("links", "--event", "nowhere.toml"), 2, "There is no such file."),
        (("revoke", "room.booth-1.sowon", "--event", TEST_EVENT), 2, "Did you mean room.booth-1.suwon?"),
        (("loopback", "--site", "hong-kong", "--event", TEST_EVENT), 2, "it has suwon, hanoi"),
    ],
)
async def test_a_mistake_is_answered_by_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    got, _, error = await ran(*arguments, state_dir=tmp_path)
    assert got == code
    assert sentence in error


async def test_a_wrong_environment_is_answered_by_sentences(tmp_path: Path) -> None:
    code, _, error = await ran("links", state_dir=tmp_path, HANMARU_PORT="x", HANMARU_SECRET="short")
    assert code == 2
    assert len(error.splitlines()) == 2
    assert "short" not in error.replace("too short", "")


async def token_status(served: Served, token: str) -> int:
    tls = trusting(Path(served.environment["HANMARU_STATE_DIR"]) / "ca.crt")
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{served.origin}/session", headers={"Authorization": f"Bearer {token}"}, ssl=tls) as answer,
    ):
        return answer.status


async def test_a_server_serves_links_revokes_them_and_ends_in_time_with_a_client_attached(tmp_path: Path) -> None:
    served = await serve(tmp_path / "state")
    try:
        room = served.link("room", "booth-1", "suwon")
        async with aiohttp.ClientSession() as http:
            socket = await http.ws_connect(
                f"{served.origin}/signal",
                headers={"Authorization": f"Bearer {room.token}"},
                protocols=("hanmaru.v1",),
                ssl=trusting(tmp_path / "state" / "ca.crt"),
                autoclose=False,  # the frame itself is looked at
            )
            await socket.send_json({"type": "hello"})
            assert (await socket.receive_json())["seat"] == "room.booth-1.suwon"
            code, out, _ = await ran(
                "revoke", "room.booth-1.hanoi", "--event", TEST_EVENT, state_dir=tmp_path / "state"
            )
            assert (code, "room.booth-1.hanoi" in out) == (0, True)
            hanoi = served.link("room", "booth-1", "hanoi")
            deadline_s = asyncio.get_running_loop().time() + 2.0
            while (status := await token_status(served, hanoi.token)) == 200:
                assert asyncio.get_running_loop().time() < deadline_s
            assert status == 401
            assert await token_status(served, room.token) == 200
            stopping = asyncio.create_task(served.stop())  # fails after 5 s, at another code than 0, or at a traceback
            said = [await socket.receive()]
            while said[-1].type is aiohttp.WSMsgType.TEXT:
                said.append(await socket.receive())
            assert json.loads(said[-2].data)["type"] == "goodbye"
            assert (said[-1].type, said[-1].data) == (aiohttp.WSMsgType.CLOSE, 1001)
            await stopping
    finally:
        if served.process.returncode is None:
            served.kill()
            await served.process.wait()
    written = served.wrote()
    assert written.count("https://localhost:") >= 11
    assert "this is a rehearsal, as if it were today" in written
    logged = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    told = [line["event"] for line in logged if line["logger"] == "server"]
    assert told == ["serving", "seat_revoked", "stopping", "stopped"]
    assert not any(room.token.split(".")[2] in json.dumps(line) for line in logged)
    assert not any("Min-su" in json.dumps(line) or "김" in json.dumps(line, ensure_ascii=False) for line in logged)


async def test_a_port_that_is_taken_is_told_in_a_sentence(tmp_path: Path) -> None:
    blocker = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", free_port())
    port = blocker.sockets[0].getsockname()[1]
    code, _, error = await ran("run", "--event", TEST_EVENT, state_dir=tmp_path, HANMARU_PORT=str(port))
    blocker.close()
    assert code == 1
    assert f"Port {port} on 127.0.0.1 cannot be used" in error.splitlines()[-1]


async def test_ctrl_c_ends_it_too(tmp_path: Path) -> None:
    served = await serve(tmp_path / "state")
    served.process.send_signal(signal.SIGINT)
    await served.stop()
