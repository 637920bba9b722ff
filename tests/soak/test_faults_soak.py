"""An hour of five booths in which everything goes wrong at random (`make soak`): every invariant in every second.

`SOAK_FAULTS_S` for another length, `SOAK_BOOTHS` for fewer booths, `HANMARU_SEED` for the same faults again.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.scenarios.patience import Stalls, watching_stalls
from tests.soak.chaos import script
from tests.soak.invariants import Who, missing, overheard, wrongs
from tests.soak.memory import growth_mb, own_mb
from tests.soak.trouble import Trouble
from tests.support.pooled import children_of
from tests.support.weather.attendee import Attendee, Notes
from tests.support.weather.meeting import Meeting, meeting
from tests.support.weather.namespace import why_not
from tests.support.weather.network import Network, seed

SOAK_S = float(os.environ.get("SOAK_FAULTS_S", "3600"))
BOOTHS = int(os.environ.get("SOAK_BOOTHS", "5"))
ROOMS, VOICES = ("suwon", "hanoi"), ("kim", "lee")
LOOK_S = 1.0
CALM_S = 3.0  # a booth in which nothing was wrong for so long has no excuse
MEMORY_S = 10.0
WARM_UP_S = 120.0
LEAST_FOR_A_SLOPE_S = 600.0
GROWTH_OVER_S = 600.0
MOST_GROWTH_MB = 1.0  # in ten minutes, of any process that lives on
MOST_MORE_HANDLES = 8  # sockets of whoever is just leaving or coming

pytestmark = [pytest.mark.soak, pytest.mark.skipif(why_not() is not None, reason=str(why_not()))]


@pytest_asyncio.fixture
async def held(tmp_path: Path) -> AsyncIterator[Meeting]:
    network = Network(seed())
    sys.stdout.write(f"\nHANMARU_SEED={network.seed} SOAK_FAULTS_S={SOAK_S:.0f} SOAK_BOOTHS={BOOTHS}\n")
    async with network, meeting(network, tmp_path, BOOTHS, interpreters=VOICES) as held:
        yield held


class Watch:
    """Looks at everybody once a second."""

    def __init__(self, held: Meeting, trouble: Trouble, stalls: Stalls) -> None:
        self.held, self.trouble, self.stalls = held, trouble, stalls
        self.everybody = [
            Who(each.name, each.booth, each.hz, each.name.split()[0] if each.role == "interpreter" else None)
            for each in held.everybody
        ]
        self.found: list[str] = []
        self.looks = 0
        self.excused = 0
        """Seconds in which somebody was not heard, while this machine stood still."""
        self._off_since_s: dict[str, float] = {}

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            began_s = time.monotonic()
            self.stalls.longest_s = 0.0
            await asyncio.sleep(LOOK_S)
            await self._look(began_s)

    async def _look(self, from_s: float) -> None:
        asked = [each for each in self.held.everybody if each.runs]
        answers = await asyncio.gather(*(self._ask(each, from_s) for each in asked))
        notes = {each.name: answer for each, answer in zip(asked, answers, strict=True) if answer is not None}
        self.looks += 1
        self._who_is_off(notes)
        found = wrongs(self.everybody, notes) + overheard(self.everybody, notes, self._off_since_s)
        for booth in self.held.booths:
            calm_s = self.trouble.calm_since_s(booth)
            there = all(who.name in notes for who in self.everybody if who.booth == booth)
            if calm_s is not None and from_s - calm_s > CALM_S and there:
                unheard = missing(self.everybody, notes, booth, from_s)
                allowed_s = self.stalls.allow_s(0.0)
                if unheard and allowed_s > LOOK_S / 4:
                    self.excused += 1
                else:
                    found += unheard
        for one in found:
            said = f"{from_s - self.trouble.began_s:7.1f} s: {one}"
            self.found.append(said)
            sys.stdout.write(said + "\n")

    async def _ask(self, who: Attendee, from_s: float) -> Notes | None:
        try:
            return await who.notes(from_s)
        except (RuntimeError, ConnectionError, TimeoutError):
            return None  # killed while it was asked

    def _who_is_off(self, notes: dict[str, Notes]) -> None:
        for who in self.everybody:
            if who.interprets:
                colleagues = [one.name for one in self.everybody if one.booth == who.booth and one.name in notes]
                if any(notes[name].on_air(who.interprets) for name in colleagues):
                    self._off_since_s.pop(who.name, None)
                else:
                    self._off_since_s.setdefault(who.name, time.monotonic())


class Growth:
    """Memory and handles of the server's processes."""

    def __init__(self, held: Meeting) -> None:
        self.held = held
        self.memory: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
        self.handles: defaultdict[int, list[int]] = defaultdict(list)

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            front = self.held.served.process.pid
            for pid in (front, *children_of(front)):
                self._look(pid)
            await asyncio.sleep(MEMORY_S)

    def _look(self, pid: int) -> None:
        try:
            mb, handles = own_mb(pid), sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
        except OSError:
            return  # it ended meanwhile
        self.memory[pid].append((time.monotonic(), mb))
        self.handles[pid].append(handles)

    def judged(self) -> list[str]:
        """A line for each process that lived long enough; those that grow begin with GROWS."""
        lines = []
        for pid, looks in self.memory.items():
            settled = [look for look in looks if look[0] - looks[0][0] > WARM_UP_S]
            if len(settled) < 2 or settled[-1][0] - settled[0][0] < LEAST_FOR_A_SLOPE_S:
                continue
            grown = growth_mb(settled, GROWTH_OVER_S)
            handles = self.handles[pid][len(looks) - len(settled) :]
            third = len(handles) // 3
            more = min(handles[-third:]) - min(handles[:third])
            grows = "GROWS " if grown > MOST_GROWTH_MB or more > MOST_MORE_HANDLES else ""
            lines.append(
                f"{grows}{pid}: {settled[0][1]:.1f} -> {settled[-1][1]:.1f} MB, {grown:+.2f} MB in ten minutes, "
                f"{min(handles)} to {max(handles)} handles"
            )
        return lines


@pytest.mark.timeout(SOAK_S + 600)
async def test_every_invariant_holds_while_everything_goes_wrong(
    held: Meeting, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = script(held.network.seed, SOAK_S, list(held.booths), ROOMS, VOICES)
    trouble = Trouble(held)
    with capsys.disabled():
        async with watching_stalls() as stalls:
            watch, growth = Watch(held, trouble, stalls), Growth(held)
            watching = [asyncio.create_task(each.run()) for each in (watch, growth)]
            try:
                await trouble.run(faults)
                await asyncio.sleep(CALM_S)
            finally:
                broke = [task.exception() for task in watching if task.done()]
                for task in watching:
                    task.cancel()
                await asyncio.gather(*watching, return_exceptions=True)
        sys.stdout.write("\n".join([*report(trouble, watch), *growth.judged()]) + "\n")
    assert not broke, broke
    exceptions = [line for line in held.served.wrote().splitlines() if "Traceback" in line]
    assert not exceptions, exceptions[0].replace("\\n", "\n")
    assert not watch.found, watch.found[:20]
    assert not trouble.unmended, trouble.unmended
    assert watch.looks > SOAK_S * 0.5 / LOOK_S
    assert not [line for line in growth.judged() if line.startswith("GROWS")]


def report(trouble: Trouble, watch: Watch) -> list[str]:
    """The figures."""
    by_kind: defaultdict[str, list[float]] = defaultdict(list)
    for fault, took_s in trouble.mended_s:
        by_kind[fault.kind].append(took_s)
    lines = [f"soak of {SOAK_S:.0f} s, {BOOTHS} booths, seed {trouble.held.network.seed}"]
    lines += [
        f"{kind}: {len(took)} times, whole again after {sorted(took)[len(took) // 2]:.1f} s, at most {max(took):.1f} s"
        for kind, took in sorted(by_kind.items())
    ]
    lines += [f"NOT MENDED {each}" for each in trouble.unmended]
    lines += [f"{watch.looks} looks, {len(watch.found)} wrongs, {watch.excused} excused by stalls of the machine"]
    return [*lines, f"{trouble.passed_over} faults passed over: the booth was not whole yet"]
