"""Lines of a pipe: whole ones only, whatever the portions in which they come, and an end that is told once."""

from __future__ import annotations

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.engine.lines import LINE_BYTES, TURN_LINES, Lines
from media.errors import MediaError

PATIENCE_S = 5.0


class Hearing:
    """Both ends: ours, and a plain socket as the far one."""

    def __init__(self, *, waits: bool = False) -> None:
        self.taken: list[bytes] = []
        self.overs = 0
        self.lines = Lines(self.take, self.over, waits=waits)
        self.near, self.far = socket.socketpair()
        self.far.setblocking(False)

    def take(self, line: bytes) -> None:
        if line == b"nonsense":
            raise MediaError("bad_word", "This is nonsense.")
        if line == b"bug":
            raise RuntimeError
        self.taken.append(line)

    def over(self) -> None:
        self.overs += 1

    async def say(self, said: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.far, said)

    async def until_over(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.lines.is_open:  # noqa: ASYNC110 - nothing else would tell
                await asyncio.sleep(0.005)


@given(st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b" ")), max_size=8), st.data())
def test_lines_are_the_same_whatever_the_portions_in_which_they_come(lines: list[bytes], data: st.DataObject) -> None:
    taken: list[bytes] = []
    reading = Lines(taken.append, lambda: None)
    reading.connection_made(asyncio.Transport())
    rest = b"".join(line + b"\n" for line in lines) + b"a beginning"
    while rest:
        at = data.draw(st.integers(1, len(rest)))
        reading.get_buffer(-1)[:at] = rest[:at]
        reading.buffer_updated(at)
        rest = rest[at:]
    assert taken == lines


async def test_the_end_is_told_once_after_everything_that_was_said_before_it() -> None:
    hearing = Hearing()
    await hearing.lines.open(hearing.near)
    said = [b"%d" % number for number in range(3 * TURN_LINES)]
    await hearing.say(b"\n".join(said) + b"\n")
    hearing.far.close()
    await hearing.until_over()
    assert (hearing.taken, hearing.overs, hearing.lines.fault) == (said, 1, "")
    hearing.lines.write(b"in vain\n")
    hearing.lines.close()
    assert hearing.overs == 1


@pytest.mark.parametrize(("said", "fault"), [(b"nonsense", "This is nonsense."), (b"x" * (LINE_BYTES + 1), "longer")])
async def test_what_is_no_line_of_ours_ends_the_pipe_and_nothing_behind_it_is_taken(said: bytes, fault: str) -> None:
    hearing = Hearing()
    await hearing.lines.open(hearing.near)
    saying = asyncio.create_task(hearing.say(b"good\n" + said + b"\nlate\n"))
    await hearing.until_over()
    assert (hearing.taken, hearing.overs) == ([b"good"], 1)
    assert fault in hearing.lines.fault
    saying.cancel()
    hearing.far.close()


async def test_a_bug_of_whoever_takes_a_line_ends_the_pipe_and_is_told_to_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hearing = Hearing()
    await hearing.lines.open(hearing.near)
    await hearing.say(b"bug\nlate\n")
    await hearing.until_over()
    assert hearing.taken == []
    assert "RuntimeError" in caplog.text
    hearing.far.close()


async def test_a_line_of_the_greatest_length_passes() -> None:
    hearing = Hearing()
    await hearing.lines.open(hearing.near)
    await hearing.say(b"x" * LINE_BYTES + b"\n")
    hearing.far.close()
    await hearing.until_over()
    assert list(map(len, hearing.taken)) == [LINE_BYTES]


@pytest.mark.parametrize("waits", [True, False])
async def test_one_that_waits_reads_nothing_from_whoever_does_not_take_what_it_says(waits: bool) -> None:
    hearing = Hearing(waits=waits)
    await hearing.lines.open(hearing.near)
    while not hearing.lines.untaken_bytes > 1 << 18:
        hearing.lines.write(b"x" * 4096 + b"\n")
    await hearing.say(b"heard?\n")
    await asyncio.sleep(0.05)
    assert hearing.taken == ([] if waits else [b"heard?"])
    async with asyncio.timeout(PATIENCE_S):
        while not hearing.taken or hearing.lines.untaken_bytes:
            await asyncio.get_running_loop().sock_recv(hearing.far, 1 << 16)
    assert hearing.taken == [b"heard?"]
    hearing.lines.close()
    hearing.far.close()
