"""One transcode process, a real one: what it makes, how its end is noticed, and what it cannot do to its engine."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvloop

from media.assembly import EncodedFrame
from media.engine.confinement import ADDRESS_SPACE_BYTES, MOST_NICE, NICE
from media.engine.transcoder import FRAME_LOOKS, LOOK_S, READY_LOOKS, Transcoder
from media.errors import MediaError
from media.transcode_wire import Asked, Done, Made, Order, OutputOrder, to_bytes
from tests.support.hostile import bomb, film, resizing

OUTPUT = Order((OutputOrder(1, 320, 256, "fill", 0, 1, key=False),))
LARGEST = Order((OutputOrder(1, 1280, 1024, "fill", 0, 1, key=False),))
PATIENCE_S = 20.0


@dataclass
class Kept:
    """What a process tells."""

    pictures: list[Made] = field(default_factory=list)
    answers: list[Done] = field(default_factory=list)
    end: str | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def made(self, made: Made) -> None:
        self.pictures.append(made)

    def done(self, done: Done) -> None:
        self.answers.append(done)
        self.changed.set()

    def ended(self, why: str) -> None:
        assert self.end is None, "told once"
        self.end = why
        self.changed.set()

    async def answer(self) -> Done | None:
        """The next answer; None when the process has ended."""
        async with asyncio.timeout(PATIENCE_S):
            await self.changed.wait()
        self.changed.clear()
        return self.answers[-1] if self.end is None else None


@dataclass
class Staffed:
    """A process with what it told."""

    process: Transcoder
    kept: Kept

    async def make(self, frame: EncodedFrame) -> Done | None:
        self.process.ask(Asked(frame, True))
        return await self.kept.answer()


@pytest.fixture
async def staffed() -> AsyncIterator[Staffed]:
    kept = Kept()
    process = await Transcoder.start(kept)
    process.order(OUTPUT)
    yield Staffed(process, kept)
    process.kill()
    assert process.reaped is not None
    async with asyncio.timeout(PATIENCE_S):
        await process.reaped


async def test_pictures_go_out_and_come_back_one_at_a_time(staffed: Staffed) -> None:
    for count, frame in enumerate(film(5), 1):
        done = await staffed.make(frame)
        assert done is not None
        assert (done.encoded, done.fault) == (1, "")
        assert [one.timestamp for one in staffed.kept.pictures] == [one.timestamp for one in film(5)[:count]]
    assert staffed.process.cpu_s > 0
    assert not staffed.process.is_busy


async def test_it_stands_back_and_has_nothing_that_a_picture_could_misuse(staffed: Staffed) -> None:
    folder = Path("/proc") / str(staffed.process.pid)
    limits = (folder / "limits").read_text(encoding="ascii")
    allowed = {line[:25].strip(): line[26:].split()[0] for line in limits.splitlines()[1:]}
    assert allowed["Max address space"] == str(ADDRESS_SPACE_BYTES)
    assert allowed["Max open files"] == allowed["Max file size"] == allowed["Max core file size"] == "0"
    nice = int((folder / "stat").read_text(encoding="ascii").rpartition(")")[2].split()[16])
    assert nice == min(MOST_NICE, max(0, os.getpriority(os.PRIO_PROCESS, 0)) + NICE)
    status = (folder / "status").read_text(encoding="ascii")
    assert "NoNewPrivs:\t1" in status
    assert "Threads:\t1\n" in status
    assert (folder / "environ").read_bytes() == b""
    loaded = (folder / "maps").read_text(encoding="utf-8")
    assert "libavcodec" in loaded
    assert not [name for name in ("libsrtp", "uvloop", "numpy", "cv2") if name in loaded], (
        "nothing that it does not need"
    )


async def test_of_the_engine_it_holds_a_pipe_and_nothing_else(staffed: Staffed) -> None:
    assert kinds_held(staffed.process) == [os.devnull, os.devnull, "socket"]


def kinds_held(process: Transcoder) -> list[str]:
    held = (Path("/proc") / str(process.pid) / "fd").iterdir()
    return sorted(str(one.readlink()).partition(":")[0] for one in held)


@pytest.mark.parametrize(("number", "why"), [(signal.SIGKILL, "end of pipe"), (signal.SIGSTOP, "stopped")])
def test_all_of_it_holds_on_the_event_loop_that_the_server_runs_on(number: signal.Signals, why: str) -> None:
    async def there_and_back() -> None:
        kept = Kept()
        process = await Transcoder.start(kept)
        assert kinds_held(process) == [os.devnull, os.devnull, "socket"]
        process.order(OUTPUT)
        staffed = Staffed(process, kept)
        done = await staffed.make(film(2)[0])
        assert done is not None
        assert done.encoded == 1
        assert process.cpu_s > 0
        os.kill(process.pid, number)
        if number == signal.SIGSTOP:
            process.ask(Asked(film(2)[1], True))
        assert await kept.answer() is None
        assert kept.end == why
        assert process.reaped is not None
        await asyncio.wait_for(process.reaped, PATIENCE_S)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(there_and_back())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
async def test_a_process_that_is_killed_is_noticed_whether_or_not_it_has_work(
    staffed: Staffed, number: signal.Signals
) -> None:
    os.kill(staffed.process.pid, number)
    assert await staffed.kept.answer() is None
    assert staffed.kept.end == "end of pipe"


async def test_a_process_that_is_stopped_is_noticed_by_the_picture_it_owes(staffed: Staffed) -> None:
    await staffed.make(film(2)[0])
    os.kill(staffed.process.pid, signal.SIGSTOP)
    assert await staffed.make(film(2)[1]) is None
    assert staffed.kept.end == "stopped"


async def test_a_process_that_hangs_is_noticed_though_it_is_not_stopped(
    staffed: Staffed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a decoder that hangs the kernel says that it runs or sleeps: this one is stopped, and the kernel unheard."""
    os.kill(staffed.process.pid, signal.SIGSTOP)
    monkeypatch.setattr(Transcoder, "_state", lambda self: "S")
    began_s = asyncio.get_running_loop().time()
    assert await staffed.make(film(1)[0]) is None
    assert staffed.kept.end == "stuck"
    assert asyncio.get_running_loop().time() - began_s >= FRAME_LOOKS * LOOK_S - 0.01


async def test_a_process_that_is_stopped_while_it_loads_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    launch = asyncio.create_subprocess_exec

    async def launched(*words: str, **more: Any) -> asyncio.subprocess.Process:
        process = await launch(*words, **more)
        process.send_signal(signal.SIGSTOP)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", launched)
    async with asyncio.timeout(READY_LOOKS * LOOK_S / 2):
        with pytest.raises(MediaError):
            await Transcoder.start(Kept())


async def test_a_process_that_speaks_garbage_is_ended(staffed: Staffed) -> None:
    unasked = to_bytes(Made(1, True, 0, b"unasked"))
    staffed.process.get_buffer(-1)[: len(unasked)] = unasked
    staffed.process.buffer_updated(len(unasked))
    assert staffed.kept.end == "garbage"
    assert staffed.kept.pictures == []


@pytest.mark.parametrize("codec", ["vp8", "h264"])
async def test_a_decode_bomb_costs_nothing_but_a_fault(staffed: Staffed, codec: str) -> None:
    used_s = staffed.process.cpu_s
    done = await staffed.make(bomb(codec))
    assert done is not None
    assert done.fault == "SizeError"
    assert staffed.process.cpu_s - used_s < 0.5
    done = await staffed.make(film(1)[0])
    assert done is not None
    assert done.encoded == 1


async def test_a_bomb_that_gets_past_the_header_is_bounded_by_memory(staffed: Staffed) -> None:
    """The same picture, with the check taken out in a process of its own: libvpx asks for memory that there is not."""
    code = (
        "import os, sys; from media.engine.confinement import stand_back, shut_files; stand_back(int(sys.argv[1]))\n"
        "from media.engine import making; making.check_size = lambda frame: None; making.warm_up(); shut_files()\n"
        "from media.transcode_wire import *\n"
        "made = making.Making()\n"
        "for word in Reader(Asked).feed(bytes.fromhex(sys.stdin.read())):\n"
        "    print([one.fault for one in made.take(word)][-1])\n"
    )
    for codec in ("vp8", "h264"):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", code, str(os.getpid())),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate(to_bytes(Asked(bomb(codec), True)).hex().encode())
        assert process.returncode == 0
        assert out.decode().strip().endswith("Error")
    assert staffed.kept.end is None


async def test_sizes_that_change_with_every_picture_are_made_and_take_no_memory(staffed: Staffed) -> None:
    staffed.process.order(LARGEST)
    resident = []
    for frame in resizing(120):
        done = await staffed.make(frame)
        assert done is not None
        assert (done.encoded, done.fault) == (1, "")
        pages = (Path("/proc") / str(staffed.process.pid) / "statm").read_text(encoding="ascii").split()[1]
        resident.append(int(pages) * os.sysconf("SC_PAGE_SIZE"))
    assert max(resident[60:]) < 1.2 * max(resident[:60])


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_when_the_engine_is_killed_its_processes_end_even_while_they_are_stopped(loop: str) -> None:
    code = (
        f"import asyncio, os, signal, {loop}\n"
        "from media.engine.transcoder import Transcoder\n"
        "async def main():\n"
        "    both = [await Transcoder.start(None), await Transcoder.start(None)]\n"
        "    os.kill(both[0].pid, signal.SIGSTOP)\n"
        "    print(*(one.pid for one in both), flush=True)\n"
        "    await asyncio.sleep(60)\n"
        f"{loop}.run(main())\n"
    )
    engine = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert engine.stdout is not None
    pids = [int(word) for word in (await engine.stdout.readline()).split()]
    assert len(pids) == 2
    engine.kill()
    await engine.wait()
    async with asyncio.timeout(PATIENCE_S):
        while any(map(_lives, pids)):  # noqa: ASYNC110 - of processes that are not ours to wait for
            await asyncio.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
