"""How long a sound takes from one participant into what another one hears: clean, at 5 % loss, and afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench import opus
from bench.cast import ROOMS, Server, Visit, Wish, meeting
from bench.hearing import FRAME_SAMPLES, RATE_HZ, bursts, delays_s, onsets
from bench.line import CLEAN, Impairment
from bench.sound import timeline

LEVEL = 0.35
BURST_S = 0.2
EVERY_S = 0.6
LONGEST_S = 0.5  # less than the next burst is away
SETTLE_S = 4.0
AFTER_S = 10.0
LOSS = Impairment(loss=0.05)
PHASES = ("clean", "5 % loss", "10 s after")


@dataclass
class Onsets:
    """Delays in ms of every burst that was heard, by phase; and how many were said."""

    server: str
    delays_ms: dict[str, list[float]] = field(default_factory=lambda: {phase: [] for phase in PHASES})
    said: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PHASES, 0))


async def run(server: Server, seed: int, seconds: float, into: Onsets) -> None:
    """Both rooms make the same bursts and hear each other, never themselves: two lines in one go."""
    said, marks = bursts(int(seconds / EVERY_S) + 1, EVERY_S, BURST_S, LEVEL, seed)
    packets = opus.encode(said)
    visit = await meeting(server, Wish(ROOMS, seed=seed))
    people = visit.people
    try:
        for room in ROOMS:
            people[room].speak(packets)
        await asyncio.sleep(SETTLE_S)
        spans: dict[str, tuple[float, float]] = {}
        loop = asyncio.get_running_loop()
        for phase, impairment in (("clean", CLEAN), ("5 % loss", LOSS), ("10 s after", CLEAN)):
            for room in ROOMS:
                people[room].impair(impairment, CLEAN)
            if phase == "10 s after":
                await asyncio.sleep(AFTER_S)
            begun = loop.time()
            await asyncio.sleep(seconds)
            spans[phase] = (begun, loop.time())
        await asyncio.sleep(LONGEST_S)
    finally:
        await visit.leave()
    await asyncio.to_thread(_count, visit, marks, len(packets) * FRAME_SAMPLES / RATE_HZ, spans, into)


def _count(visit: Visit, marks: list[int], loop_s: float, spans: dict[str, tuple[float, float]], into: Onsets) -> None:
    people = visit.people
    for room, other in zip(ROOMS, reversed(ROOMS), strict=True):
        microphone, hearing = people[room].microphone, people[other].hearing
        assert microphone is not None
        assert hearing is not None
        heard = timeline(hearing.arrivals)
        heard_s = [heard.instant_s(sample) for sample in onsets(heard.samples, LEVEL)]
        for phase, (start_s, end_s) in spans.items():
            # Packet n goes out once its 20 ms were captured: a sample in it is said at n x 20 ms + its place.
            said_s = [
                microphone.begun_s + mark / RATE_HZ + round_ * loop_s
                for round_ in range(int((end_s - microphone.begun_s) / loop_s) + 1)
                for mark in marks
            ]
            within = [one for one in said_s if start_s <= one < end_s]
            into.said[phase] += len(within)
            into.delays_ms[phase] += [one * 1000 for one in delays_s(within, heard_s, LONGEST_S)]


async def measure(servers: Sequence[Server], runs: int, seconds: float, say: Callable[[str], None]) -> list[Onsets]:
    """`runs` visits to all servers at the same time, `seconds` in each phase."""
    done = {server.name: Onsets(server.name) for server in servers}
    for number in range(runs):
        await asyncio.gather(*(run(server, number, seconds, done[server.name]) for server in servers))
        for server in servers:
            heard = {phase: len(delays) for phase, delays in done[server.name].delays_ms.items()}
            say(f"onset to mix, run {number + 1} of {runs}, {server.name}: heard {heard}")
    return list(done.values())
