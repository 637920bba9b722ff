"""CPU, added picture delay, lateness and memory under load: the same work to each server in turn (ABAB)."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from bench import speech
from bench.canary import Canary
from bench.cast import INTERPRETER, LANGUAGE_OF, ROOMS, VOICE_S, Server, Visit, Wish, meeting
from bench.clip import Clip
from bench.cpu import Meter, resident_mib
from bench.figures import percentile
from bench.hanmaru import Hanmaru
from bench.pictures import Passage, passages

SETTLE_S = 2.5  # joins, key frames, and what a server had queued meanwhile are over by then
IDLE_S = 2.0
LOAD_S = 5.0
ROUNDS = 4
"""Of silence and work in turn, where idle means the same people silent: what one picture costs is a tenth of what the
machine lets a server's idle wander by within seconds."""
CHANGE_S = 0.4  # the key frame, and what was on its way
LAST_FRAMES_S = 0.3  # those that went out last may still come


@dataclass(frozen=True, slots=True)
class Work:
    """What is done by everybody, and what it is called."""

    name: str
    wish: Wish
    speaks: bool
    idles_joined: bool
    """Whether idle means: the same people connected and silent, measured in turn with the work. Else: nobody there."""


def works(clip: Clip) -> list[Work]:
    """One picture one way, three voices, a whole consultation."""
    three = (*ROOMS, INTERPRETER)
    return [
        Work(
            "one picture", Wish(clip=clip, shown_by=ROOMS[:1], voices=False, keep=True), speaks=False, idles_joined=True
        ),
        Work("three voices", Wish(three), speaks=True, idles_joined=False),
        Work("consultation", Wish(three, clip=clip, keep=True), speaks=True, idles_joined=False),
    ]


@dataclass
class Run:
    """What one server needed for one work once."""

    server: str
    work: str
    cpu_ms_per_s: float
    """Net of idle."""
    idle_ms_per_s: float
    load_ms_per_s: float
    """CPU of the load generator itself."""
    memory_mib: float
    way: str = ""
    delays_ms: list[float] = field(default_factory=list)
    frames_sent: int = 0
    late_ms: dict[str, float] = field(default_factory=dict)
    stalls: int = 0
    """Times the machine itself stood still for more than 10 ms."""


async def run(server: Server, work: Work, idle: float, load_s: float = LOAD_S) -> Run:
    """Join, work, measure, leave. `idle`: what the server spends with nobody there, ms/s."""
    visit = await meeting(server, work.wish)
    try:
        if work.idles_joined:
            await asyncio.sleep(SETTLE_S)
            spans = [await _in_turn(server, work, visit, load_s / ROUNDS) for _ in range(ROUNDS)]
        else:
            _begin(work, visit)
            await asyncio.sleep(SETTLE_S)
            spans = [await _measured(server, work, visit, idle, load_s)]
    finally:
        await visit.leave()
    for done, span in spans:
        await asyncio.to_thread(_match, done, visit, span)
    return _together([done for done, _ in spans])


def _begin(work: Work, visit: Visit) -> None:
    for participant in visit.people.values():
        if work.speaks:
            participant.speak()
        if participant.camera is not None:
            participant.camera.start()


async def _in_turn(server: Server, work: Work, visit: Visit, span_s: float) -> tuple[Run, tuple[float, float]]:
    """One round: silence, then the work."""
    idle = await _metered(server, span_s)
    _begin(work, visit)
    await asyncio.sleep(CHANGE_S)
    found = await _measured(server, work, visit, idle, span_s)
    for participant in visit.people.values():
        if participant.camera is not None:
            participant.camera.stop()
    await asyncio.sleep(CHANGE_S)
    return found


def _together(rounds: Sequence[Run]) -> Run:
    """What the rounds of a run say together: the median of each figure, and all of their pictures."""
    whole = replace(
        rounds[-1],
        cpu_ms_per_s=median(one.cpu_ms_per_s for one in rounds),
        idle_ms_per_s=median(one.idle_ms_per_s for one in rounds),
        load_ms_per_s=median(one.load_ms_per_s for one in rounds),
        delays_ms=[delay for one in rounds for delay in one.delays_ms],
        frames_sent=sum(one.frames_sent for one in rounds),
        stalls=sum(one.stalls for one in rounds),
    )
    whole.way = "/".join(sorted({way for one in rounds for way in one.way.split("/") if way}))
    return whole


async def _metered(server: Server, seconds: float) -> float:
    meter = Meter(server.pid)
    await asyncio.sleep(seconds)
    return meter.ms_per_s()


async def _measured(
    server: Server, work: Work, visit: Visit, idle: float, load_s: float
) -> tuple[Run, tuple[float, float]]:
    before = await server.figures() if isinstance(server, Hanmaru) else {}
    gc.collect()
    gc.disable()
    async with Canary() as canary:
        meter, own, since_s = Meter(server.pid), Meter(os.getpid(), alone=True), time.monotonic()
        await asyncio.sleep(load_s)
        cpu, load, until_s = meter.ms_per_s(), own.ms_per_s(), time.monotonic()
        await asyncio.sleep(LAST_FRAMES_S)
    gc.enable()
    after = await server.figures() if isinstance(server, Hanmaru) else {}
    done = Run(server.name, work.name, cpu - idle, idle, load, resident_mib(server.pid), stalls=canary.stalls)
    done.late_ms = lateness(before, after)
    cameras = [person.camera for person in visit.people.values() if person.camera is not None]
    done.frames_sent = sum(since_s <= frame.last_s < until_s for camera in cameras for frame in camera.sent)
    return done, (since_s, until_s)


def _match(done: Run, visit: Visit, span: tuple[float, float]) -> None:
    """Which pictures came, and how long each took; decoding takes its time, so everybody has left."""
    since_s, until_s = span
    found = watched(visit)
    done.way = "/".join(sorted({way for way, _ in found}))
    done.delays_ms = [one.delay_s * 1000 for _, matched in found for one in matched if since_s <= one.out_s < until_s]


def watched(visit: Visit) -> list[tuple[str, list[Passage]]]:
    """How each room's picture reached the other one: `forwarded` or `transcoded`, and the frames."""
    found = []
    for name, other in zip(ROOMS, reversed(ROOMS), strict=True):
        camera, screen = visit.people[name].camera, visit.people[other].screen
        if camera is not None and screen is not None:
            found.append(passages(list(camera.sent), screen.arrivals))
    return found


def lateness(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Lateness of the sound's ticks between two scrapes: share late by more than 20 ms, and upper edges of p50, p99."""
    name = "hanmaru_tick_lateness_seconds_bucket<="
    counts = {float(key.removeprefix(name)): after[key] - before.get(key, 0.0) for key in after if key.startswith(name)}
    total = counts.get(float("inf"), 0.0)
    if not total:
        return {}
    edges = sorted(counts)

    def edge(share: float) -> float:
        return next(one for one in edges if counts[one] >= share * total) * 1000

    late = after.get("hanmaru_ticks_late_total", 0.0) - before.get("hanmaru_ticks_late_total", 0.0)
    return {"ticks": total, "late_share": late / total, "p50_below_ms": edge(0.5), "p99_below_ms": edge(0.99)}


async def measure(
    servers: Sequence[Server], clip: Clip, runs: int, say: Callable[[str], None], load_s: float = LOAD_S
) -> list[Run]:
    """Every work `runs` times on every server, servers in turn within each work."""
    for participant in (*ROOMS, INTERPRETER):  # made now: later it would hold up what is measured
        speech.packets(LANGUAGE_OF[participant], VOICE_S)
    speech.silence()
    # Once, and before anybody ever comes: what serves a place may stay for a while after the last one has left.
    idle = {server.name: await _metered(server, IDLE_S) for server in servers}
    done: list[Run] = []
    for work in works(clip):
        for number in range(runs):
            for server in servers:
                one = await run(server, work, idle[server.name], load_s)
                done.append(one)
                p50 = percentile(one.delays_ms, 0.5)
                say(
                    f"{work.name}, run {number + 1} of {runs}, {server.name}: {one.cpu_ms_per_s:.1f} ms/s net"
                    f" (load {one.load_ms_per_s:.0f})" + (f", {one.way}, p50 {p50:.1f} ms" if one.way else "")
                )
    return done
