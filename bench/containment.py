"""What it costs when a media process is killed or hangs: `python -m bench.containment [--times 20] [--booths 5]`.

A real server with five consultations; the process of the first is killed, or stopped, again and again. Printed: how
long its two rooms had no sound and picture of each other, from the signal to the first packets of all four streams;
what the other booths lost; memory and start of a media process.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import re
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

import aiohttp

from bench.canary import Canary
from bench.cast import ROOMS, Participant, Wish, lines
from bench.clip import clip
from bench.cpu import tree
from bench.hanmaru import CHECKOUT, Consultation, Hanmaru, Joining, start
from bench.peer import Peer, way
from bench.process import wrote
from media.engine.child import MediaProcess, Recipe
from server.robot import Robot

BACK_S = 15.0
LIVES_S = 3.0  # between two losses: a process that ends right after it began is paused for
CLIP = (320, 256, 300_000)  # of each room; the media are not what is measured
SIGNALS = {"kill -9": signal.SIGKILL, "kill -STOP": signal.SIGSTOP}


def media_process(server: Hanmaru, booth: str) -> int:
    """The process that has a booth's media now, as the log says."""
    events = [json.loads(line) for line in server.log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    taken = [one for one in events if one["event"] == "media_process_taken" and one["place"] == booth]
    pid: int = taken[-1]["process"]
    return pid


def memory_mb(pid: int) -> dict[str, float]:
    """RSS, PSS and private memory of a process in MB."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    found = {name: int(kb) / 1024 for name, kb in re.findall(r"^(\w+):\s+(\d+) kB", rollup, re.MULTILINE)}
    return {"RSS": found["Rss"], "PSS": found["Pss"], "USS": found["Private_Clean"] + found["Private_Dirty"]}


async def come_back(robot: Robot, person: Participant, wish: Wish) -> None:
    """What a page does: it is told, comes back on its open line, and offers anew."""
    told = await robot.message("error", timeout_s=BACK_S)
    assert told["code"] == "media_failed", told
    for outlet in (person.camera, person.microphone):
        if outlet is not None:
            outlet.stop()
            outlet.end()
    for inlet in (person.hearing, person.screen):
        if inlet is not None:
            inlet.close()
    await person.peers.pop().close()
    await robot.reconnect(fresh=False)
    peer = Peer([way("audio", "sendrecv", "0"), way("video", "sendrecv", "1")], lines(wish, person.name))
    person.attach(peer, wish)
    await robot.connect(Joining(peer))
    await begin(person)


async def begin(person: Participant) -> None:
    """Send sound and picture."""
    person.be_quiet()
    if person.camera is not None:
        person.camera.start()


def flows_since_s(person: Participant) -> float | None:
    """When the newest connection had brought both sound and picture; None: not yet."""
    first = [inlet.arrivals[0].at_s if inlet and inlet.arrivals else None for inlet in (person.hearing, person.screen)]
    known = [at_s for at_s in first if at_s is not None]
    return max(known) if len(known) == len(first) else None


async def lose(server: Hanmaru, visit: Consultation, wish: Wish, number: int) -> float:
    """Seconds from the signal until everything flows again."""
    pid = media_process(server, server.booths[0])
    for robot in visit.robots:
        robot.messages.clear()
    at_s = time.monotonic()
    os.kill(pid, number)
    people = [visit.people[name] for name in ROOMS]
    by_seat = {robot.welcome["site"]: robot for robot in visit.robots}
    robots = [by_seat[server.sites[ROOMS.index(name)]] for name in ROOMS]
    await asyncio.gather(*(come_back(robot, person, wish) for robot, person in zip(robots, people, strict=True)))
    async with asyncio.timeout(BACK_S):
        while any(flows_since_s(person) is None for person in people):  # noqa: ASYNC110 - packets set no event
            await asyncio.sleep(0.01)
    return max(flows_since_s(person) or 0.0 for person in people) - at_s


async def measure(times: int, booths: int) -> None:
    """Everything, printed."""
    with tempfile.TemporaryDirectory() as folder:
        wish = Wish(clip=await asyncio.to_thread(clip, Path(folder), *CLIP))
        server = await start(Path(folder) / "state")
        visits: list[Consultation] = []
        try:
            await asyncio.sleep(LIVES_S)
            visits += [await server.meet(wish, place) for place in range(booths)]
            for visit in visits:
                for person in visit.people.values():
                    await begin(person)
            await asyncio.sleep(LIVES_S)
            for name, number in SIGNALS.items():
                await _lost_again_and_again(server, visits, wish, name, number, times)
            live, spare = media_process(server, server.booths[1]), _spare(server, booths)
            front = server.pid
            for title, pid in (("front", front), ("live", live), ("spare", spare)):
                print(title, {kind: round(mb, 1) for kind, mb in memory_mb(pid).items()}, "MB")
        except BaseException:
            print(wrote(server.log), file=sys.stderr)
            raise
        finally:
            for visit in visits:
                await visit.leave()
            await server.stop()
    print("start of a media process", [round(await _start_s(), 2) for _ in range(5)], "s")


async def _lost_again_and_again(
    server: Hanmaru, visits: list[Consultation], wish: Wish, name: str, number: int, times: int
) -> None:
    others = [person for visit in visits[1:] for person in visit.people.values()]
    for person in others:
        person.forget()
    before = await _ticks(server, visits)
    took: list[float] = []
    async with Canary() as canary:
        for _ in range(times):
            took.append(await lose(server, visits[0], wish, number))
            await asyncio.sleep(LIVES_S)
    after = await _ticks(server, visits)
    took.sort()
    print(
        f"{name}, {times} times: {took[0]:.2f} / {statistics.median(took):.2f} / {took[-1]:.2f} s (best/median/worst)"
    )
    gaps = [gap for person in others if person.hearing for gap in _gaps_ms([a.at_s for a in person.hearing.arrivals])]
    missing = sum(_missing([a.number for a in person.hearing.arrivals]) for person in others if person.hearing)
    late, skipped = (now - then for now, then in zip(after, before, strict=True))
    print(f"  the others: {missing} packets of sound missing, longest gap {max(gaps, default=0):.0f} ms;")
    print(f"  and there: {late:.0f} ticks late, {skipped:.0f} skipped; {canary.stalls} stalls of the machine itself,")
    print(f"  the longest {canary.longest_ms:.0f} ms")


async def _ticks(server: Hanmaru, visits: list[Consultation]) -> tuple[float, float]:
    """Ticks of all booths but the first that were late, and that were skipped."""
    async with aiohttp.ClientSession() as http, http.get(f"{server.origin}/metrics", ssl=False) as answer:
        text = await answer.text()
    found = [0.0, 0.0]
    for at, kind in enumerate(("late", "skipped")):
        for booth in server.booths[1 : len(visits)]:
            row = f'hanmaru_ticks_{kind}_total{{process="{booth}"}} '
            found[at] += float(text.partition(row)[2].partition("\n")[0])
    return found[0], found[1]


def _gaps_ms(times_s: list[float]) -> list[float]:
    return [(later - sooner) * 1000 for sooner, later in itertools.pairwise(times_s)]


def _missing(numbers: list[int]) -> int:
    return max(numbers) - min(numbers) + 1 - len(set(numbers)) if numbers else 0


def _spare(server: Hanmaru, booths: int) -> int:
    busy = {server.pid, *(media_process(server, booth) for booth in server.booths[:booths])}
    return next(pid for pid in tree(server.pid) if pid not in busy)


async def _start_s() -> float:
    began_s = time.monotonic()
    command = (sys.executable, "-m", "server.media_process", "--addresses", "127.0.0.1")
    process = await MediaProcess.start(Recipe(command, CHECKOUT, dict(os.environ)))
    took_s = time.monotonic() - began_s
    await process.end()
    return took_s


def main() -> None:
    """Read the arguments and measure."""
    arguments = argparse.ArgumentParser(prog="bench.containment")
    arguments.add_argument("--times", type=int, default=20)
    arguments.add_argument("--booths", type=int, default=5)
    given = arguments.parse_args()
    asyncio.run(measure(given.times, given.booths))


if __name__ == "__main__":
    main()
