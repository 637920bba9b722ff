"""The engine's end of one transcode process: started, asked for one picture at a time, watched, killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import time
from pathlib import Path
from typing import Protocol, cast

from media.engine.spawn import spawn
from media.errors import MediaError
from media.transcode_wire import Asked, Done, Made, Order, Reader, Ready, Word, to_bytes

LOOK_S = 0.250
"""How often a start or a picture under way is looked after."""
READY_LOOKS = 60
"""15 s: loading takes 0.2 s of one core, and the process stands behind everybody else."""
FRAME_LOOKS = 4
"""One second for one picture; the largest one taken needs 0.3 s (measured). Looks are counted and not seconds: while
our own loop stood still, an answer may have come."""
STARVED_LOOKS = 20
"""The same where the machine gives the process no time: killing it would cost more."""
STARVED_CPU_S = 0.5
STOPPED = ("T", "t")
"""Of proc(5): by a signal, by a debugger."""
READ_BYTES = 64 * 1024
CHECKOUT = Path(__file__).resolve().parents[2]
_PROC = Path("/proc")


class Client(Protocol):
    """Whose pictures a process makes."""

    def made(self, made: Made) -> None:
        """One picture of one output."""

    def done(self, done: Done) -> None:
        """The picture that was asked for is dealt with."""

    def ended(self, why: str) -> None:
        """The process is gone: what it was asked for never comes."""


class Transcoder(asyncio.BufferedProtocol):
    """`start` makes one that is ready. It holds one word each way at most: the next picture waits for `done`."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.is_busy = False
        """Whether a picture is under way."""
        self._reader = Reader(Ready, Made, Done)
        self._arriving = bytearray(READ_BYTES)
        self._transport: asyncio.Transport | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watch: asyncio.TimerHandle | None = None
        self._looks = 0
        self._asked_cpu_s = 0.0
        self._why = "end of pipe"
        self.has_ended = False
        self.reaped: asyncio.Task[None] | None = None
        """Done when the process has been waited for."""

    @classmethod
    async def start(cls, client: Client) -> Transcoder:
        """A process that waits for its first order. Raises MediaError when it does not get there."""
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        transcoder = cls(client)
        try:
            transcoder._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "media.engine.transcode", str(os.getpid())),
                cwd=CHECKOUT,
                env={},  # the secret that signs links is no business of strangers' pictures
                stdin=theirs.fileno(),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as error:
            ours.close()
            raise MediaError("media_failed", f"No transcode process can be started: {error.strerror}.") from error
        finally:
            theirs.close()
        transcoder.reaped = spawn(transcoder._reap(), "transcode-reaper")
        try:
            await loop.create_unix_connection(lambda: transcoder, sock=ours)
            await transcoder._get_ready()
        except BaseException:
            transcoder.kill()
            raise
        return transcoder

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def cpu_s(self) -> float:
        """CPU that the process has used so far, by the kernel's own clock of it (clock_getcpuclockid(3))."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(OSError):
                return time.clock_gettime(~self._process.pid << 3 | 2)
        return 0.0

    def order(self, order: Order) -> None:
        """What is to be made of the next picture, and those after it. Before `ask`, never between it and `done`."""
        self._write(order)

    def ask(self, asked: Asked) -> None:
        """Have a picture made; only when none is under way."""
        assert not self.is_busy
        self.is_busy = True
        self._looks, self._asked_cpu_s = 0, self.cpu_s
        self._watch = asyncio.get_running_loop().call_later(LOOK_S, self._look)
        self._write(asked)

    def kill(self, why: str = "not needed") -> None:
        """End the process now; its client is told, if it has not ended by itself."""
        self._why = why
        if self._watch is not None:
            self._watch.cancel()
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        if self._transport is not None:
            self._transport.abort()
        self._end()

    # What the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        if self.has_ended:
            self._transport.abort()

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._arriving

    def buffer_updated(self, nbytes: int) -> None:
        try:
            for word in self._reader.feed(memoryview(self._arriving)[:nbytes]):
                self._take(word)
        except MediaError:
            self.kill("garbage")

    def connection_lost(self, exc: Exception | None) -> None:
        self.kill(self._why)

    # Inside

    async def _get_ready(self) -> None:
        for _ in range(READY_LOOKS):
            await asyncio.wait([self._ready], timeout=LOOK_S)
            if self._ready.done():
                self._ready.result()
                return
            if self._state() in STOPPED:
                break
        raise MediaError("media_failed", "A transcode process was not ready in time.")

    def _take(self, word: Word) -> None:
        if self.has_ended:
            return
        if isinstance(word, Ready):
            if not self._ready.done():
                self._ready.set_result(None)
        elif not self.is_busy:
            raise MediaError("bad_word", "A transcode process answers what it was not asked.")
        elif isinstance(word, Made):
            self.client.made(word)
        elif isinstance(word, Done):
            self.is_busy = False
            if self._watch is not None:
                self._watch.cancel()
            self.client.done(word)

    def _write(self, word: Word) -> None:
        if self._transport is not None and not self.has_ended:
            self._transport.write(to_bytes(word))

    def _look(self) -> None:
        """End a process that is stopped, or has had its time; one that the machine starves gets more."""
        self._looks += 1
        state = self._state()
        starved = state == "R" and self.cpu_s - self._asked_cpu_s < STARVED_CPU_S
        if state in STOPPED:
            self.kill("stopped")
        elif self._looks >= (STARVED_LOOKS if starved else FRAME_LOOKS):
            self.kill("stuck")
        else:
            self._watch = asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def _state(self) -> str:
        """As proc(5) has it: R runs or would, S and D wait, T is stopped; `?` where the machine does not say."""
        try:
            stat = (_PROC / str(self.pid) / "stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            return "?"
        return stat.rpartition(")")[2].split()[0]

    async def _reap(self) -> None:
        assert self._process is not None
        await self._process.wait()

    def _end(self) -> None:
        if self.has_ended:
            return
        self.has_ended = True
        if not self._ready.done():
            self._ready.set_exception(MediaError("media_failed", "A transcode process ended before it was ready."))
            self._ready.exception()  # whoever waits gets it; nobody may wait
        else:
            self.client.ended(self._why)
