"""The growth curve: 1, 2, 3, 5, 8 consultations at once on each server in turn, and what each more of them costs."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import aiohttp

from bench import speech
from bench.canary import Canary
from bench.cast import INTERPRETER, LANGUAGE_OF, ROOMS, VOICE_S, Participant, Server, Visit, Wish, meeting
from bench.clip import Clip
from bench.cpu import Meter, tree
from bench.figures import percentile
from bench.growth import Step, shared
from bench.hanmaru import Hanmaru, summed
from bench.heartbeat import Heartbeat
from bench.measure_load import LAST_FRAMES_S, lateness, watched
from bench.memory import Memory, by_process
from bench.sending import FRAME_S
from bench.sockets import overflowed
from server.robot import LineClosedError
from signaling.errors import RemoteError

COUNTS = (1, 2, 3, 5, 8)
LOAD_S = 60.0
IDLE_S = 3.0
SETTLE_S = 4.0  # joins, key frames, and processes that were begun for the next booth are over by then
SCRAPE_S = 5.0
"""So often a server is asked for its late ticks: that says when they were, and costs a thousandth of a core."""
LEAVE_S = 1.0
FAILURES = (OSError, RuntimeError, LookupError, LineClosedError, RemoteError, aiohttp.ClientError)
"""What a server that cannot hold so many answers with; the curve goes on without that point."""


async def measure(
    servers: Sequence[Server],
    clip: Clip,
    counts: Sequence[int],
    runs: int,
    say: Callable[[str], None],
    load_s: float = LOAD_S,
) -> list[Step]:
    """Every count `runs` times on every server, servers in turn; smaller counts first."""
    for participant in (*ROOMS, INTERPRETER):  # made now: the load's loop must not stall once anybody has joined
        speech.packets(LANGUAGE_OF[participant], VOICE_S)
    speech.silence()
    found: list[Step] = []
    quiet: dict[str, float] = {}
    """CPU of each server before anybody came: what stays of earlier booths for a while is no idle."""
    for count in sorted(counts):
        for _ in range(runs):
            for server in servers:
                done = Step(server.name, count, load_s)
                try:
                    await step(server, clip, done, quiet.get(server.name))
                    quiet.setdefault(server.name, done.idle_ms_per_s)
                except FAILURES as fault:
                    done.failure = repr(fault)
                found.append(done)
                say(_told(found[-1]))
    return found


async def step(server: Server, clip: Clip, done: Step, idle_ms_per_s: float | None = None) -> None:
    """So many consultations join one after the other, then all begin; measure, and leave.

    `idle_ms_per_s`: what to take off the CPU; None: what the server needs now.
    """
    await _idle(server, done)
    if idle_ms_per_s is not None:
        done.idle_ms_per_s = idle_ms_per_s
    wish = Wish((*ROOMS, INTERPRETER), clip=clip)
    visits: list[Visit] = []
    async with AsyncExitStack() as leaving:
        for place in range(done.consultations):
            visits.append(await meeting(server, wish, place))
            leaving.push_async_callback(visits[-1].leave)
        async with _without_collections():
            await _begin([person for visit in visits for person in visit.people.values()])
            await asyncio.sleep(SETTLE_S)
            span = await _measured(server, done, visits)
    await asyncio.to_thread(_match, done, visits, span)
    await asyncio.sleep(LEAVE_S)


async def _idle(server: Server, done: Step) -> None:
    """CPU and memory with nobody there."""
    meter = Meter(server.pid)
    await asyncio.sleep(IDLE_S)
    done.idle_ms_per_s = meter.ms_per_s()
    processes = await asyncio.to_thread(by_process, server.pid)
    done.memory_idle = sum(processes.values(), Memory())
    others = [memory for pid, memory in processes.items() if pid != server.pid]
    done.largest_idle = max(others or [done.memory_idle], key=lambda one: one.rss_mb)


@asynccontextmanager
async def _without_collections() -> AsyncIterator[None]:
    """Garbage is collected before anybody sends, not while: it would stall the loop."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _begin(people: Sequence[Participant]) -> None:
    """Everybody speaks and shows, each a little after the other: cameras of different rooms are not in step."""
    for participant in people:
        participant.speak()
        if participant.camera is not None:
            participant.camera.start()
        await asyncio.sleep(FRAME_S * (1 + 1 / len(people)))


class Gaps:
    """Packets that never came, by the numbers of those that did."""

    def __init__(self, visits: Sequence[Visit], kind: str) -> None:
        people = [person for visit in visits for person in visit.people.values()]
        inlets = [person.screen if kind == "video" else person.hearing for person in people]
        streams = [inlet.stream for inlet in inlets if inlet is not None]
        self._before = [(one, one.highest, one.received) for one in streams if one is not None]

    def missing(self) -> int:
        """Since it was made. Packets that come late come after all."""
        return sum(max(0, (s.highest - high) - (s.received - got)) for s, high, got in self._before)


async def _measured(server: Server, done: Step, visits: Sequence[Visit]) -> tuple[float, float]:
    heartbeat, late = Heartbeat(), list[tuple[float, float]]()
    before = await _scraped(server, late, done.consultations)
    pids = set(tree(server.pid))
    theirs, own = overflowed(pids), overflowed([os.getpid()])
    async with Canary() as canary:
        pictures, voices = Gaps(visits, "video"), Gaps(visits, "audio")
        meter, load, since_s = Meter(server.pid), Meter(os.getpid(), alone=True), time.monotonic()
        heartbeat.start()
        asking = asyncio.create_task(_ask(server, late))
        await asyncio.sleep(done.seconds)
        done.cpu_ms_per_s, done.load_ms_per_s = meter.ms_per_s() - done.idle_ms_per_s, load.ms_per_s()
        until_s = time.monotonic()
        heartbeat.stop()
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
        after = await _scraped(server, late, done.consultations)
        await asyncio.sleep(LAST_FRAMES_S)
        done.picture_packets_missing, done.voice_packets_missing = pictures.missing(), voices.missing()
    now = tree(server.pid)
    done.processes, done.processes_came = len(now), len(set(now) - pids)
    done.server_overflowed, done.load_overflowed = overflowed(now) - theirs, overflowed([os.getpid()]) - own
    done.memory = sum((await asyncio.to_thread(by_process, server.pid)).values(), Memory())
    done.load_late_p99_ms, done.load_late_longest_ms = heartbeat.p99_ms, heartbeat.longest_ms
    done.stalls = canary.stalls
    if found := lateness(before, after):
        done.ticks, done.ticks_late = found["ticks"], late[-1][1] - late[0][1]
        done.late_p50_below_ms, done.late_p99_below_ms = found["p50_below_ms"], found["p99_below_ms"]
        tickers = max(1, round(done.ticks / (late[-1][0] - late[0][0]) * 0.020))
        done.ticks_late_shared = shared(late, canary.met, tickers)
    return since_s, until_s


async def _ask(server: Server, late: list[tuple[float, float]]) -> None:
    while True:
        await asyncio.sleep(SCRAPE_S)
        await _scraped(server, late)


async def _scraped(server: Server, late: list[tuple[float, float]], live: int = 0) -> dict[str, float]:
    """What the processes of the first `live` booths say of themselves.

    The late and skipped ticks of all so far are put into `late`, with the instant.
    """
    if not isinstance(server, Hanmaru):
        return {}
    metrics = await server.metrics()
    figures = summed(metrics)
    count = sum(figures.get(f"hanmaru_ticks_{name}_total", 0.0) for name in ("late", "skipped"))
    late.append((time.monotonic(), count))
    return summed(metrics, server.booths[:live])


def _match(done: Step, visits: Sequence[Visit], span: tuple[float, float]) -> None:
    """Which pictures came, and how long each took; everybody has left, so that it may take its time."""
    since_s, until_s = span
    found = [each for visit in visits for each in watched(visit)]
    delays = [one.delay_s * 1000 for _, passages in found for one in passages if since_s <= one.out_s < until_s]
    cameras = [person.camera for visit in visits for person in visit.people.values() if person.camera is not None]
    done.frames_sent = sum(since_s <= frame.last_s < until_s for camera in cameras for frame in camera.sent)
    done.frames_missing = done.frames_sent - len(delays)
    done.way = "/".join(sorted({way for way, _ in found}))
    done.delay_p50_ms, done.delay_p99_ms = percentile(delays, 0.5), percentile(delays, 0.99)


def _told(one: Step) -> str:
    if one.failure:
        return f"{one.consultations} at once, {one.server}: {one.failure}"
    ticks = f", tick p99 below {one.late_p99_below_ms:.1f} ms" if one.ticks else ""
    return (
        f"{one.consultations} at once, {one.server}: {one.cpu_ms_per_s:.0f} ms/s net, {one.cpu_each_ms_per_s:.0f} each"
        f" (load {one.load_ms_per_s:.0f}, late {one.load_late_p99_ms:.1f} ms p99){ticks}, late ticks"
        f" {one.ticks_late:.0f} ({one.ticks_late_shared:.0f} shared), pictures missing {one.frames_missing} of"
        f" {one.frames_sent} {one.way}, packets {one.picture_packets_missing}; {one.memory.pss_mb:.0f} MB"
        + (f"; {one.generator_fault}" if one.generator_fault else "")
    )
