"""Ten minutes of one booth (`make soak`; SOAK_S for another length): memory, ticks, sound and picture.

Only what the machine did not share counts: canary processes that merely sleep, one for each core, tell when it stood
still.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from media.engine.simulated_microphone import RATE_HZ
from media.engine.simulated_picture import Sighting
from tests.scenarios.booths import write_event
from tests.scenarios.table import Guest, Table, listen, live, tone_loop
from tests.soak.memory import growth_mb, own_mb
from tests.soak.stalls import Stall, read, split
from tests.soak.watched_media import NOTES
from tests.support.pooled import children_of
from tests.support.served import CHECKOUT, Served, serve

SOAK_S = float(os.environ.get("SOAK_S", "600"))
WARM_UP_S = min(120.0, SOAK_S / 4)
LEAST_FOR_A_SLOPE_S = 240.0  # over less, the noise of the allocator is larger than the limit
LOOK_S = 5.0
MOST_GROWTH_MB = 1.0  # in ten minutes
GROWTH_OVER_S = 600.0
LONGEST_GAP_S = 0.1
LONGEST_FREEZE_S = 0.5
TONE_HZ = 700
BLOCK_S = 0.020
SILENT_DB = -12.0  # a block this far under the tone's own level is a hole
SCREEN_PX = (640, 512)


class Canaries:
    """The processes that only sleep, one for each core."""

    def __init__(self, folder: Path) -> None:
        self._notes = {core: folder / f"canary-{core}" for core in os.sched_getaffinity(0)}
        self._processes: list[asyncio.subprocess.Process] = []

    async def begin(self) -> None:
        for core, notes in self._notes.items():
            with notes.open("wb") as out:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "tests.soak.canary", str(core), cwd=CHECKOUT, stdout=out
                )
            self._processes.append(process)

    async def end(self) -> None:
        for process in self._processes:
            process.kill()
            await process.wait()

    def stalls(self) -> list[Stall]:
        return [stall for notes in self._notes.values() for stall in read(notes)]


@pytest_asyncio.fixture
async def canaries(tmp_path: Path) -> AsyncIterator[Canaries]:
    canaries = Canaries(tmp_path)
    await canaries.begin()
    yield canaries
    await canaries.end()


@pytest_asyncio.fixture
async def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.setenv(NOTES, str(tmp_path / "ticks"))
    write_event(tmp_path / "event.toml", start="automatic", screen_px=SCREEN_PX, booths=1)
    served = await serve(tmp_path / "state", tmp_path / "event.toml", module="tests.soak.watched_server")
    yield served
    await served.stop()


class Watch:
    """Looks at one guest every few seconds and keeps what was broken."""

    def __init__(self, guest: Guest) -> None:
        self.guest = guest
        self.holes: list[Stall] = []
        self.freezes: list[Stall] = []
        self._position = guest.sound.position
        self._last: Sighting | None = None

    def look(self) -> None:
        """Judge the sound and the pictures since the last look."""
        sound = self.guest.sound
        start, self._position = self._position, sound.position
        self.holes += holes(sound.between(start, self._position), sound.heard_s(start))
        for sighting in list(self.guest.picture.sightings):
            if self._last is None or (sighting.at_s > self._last.at_s and sighting.number != self._last.number):
                if self._last is not None and sighting.at_s - self._last.at_s > LONGEST_FREEZE_S:
                    self.freezes.append(Stall(self._last.at_s, sighting.at_s))
                self._last = sighting
        now_s = time.monotonic()
        if self._last is not None and now_s - self._last.at_s > LOOK_S:
            self.freezes.append(Stall(self._last.at_s, now_s))


def holes(samples: np.ndarray, began_s: float) -> list[Stall]:
    """Where the tone is missing for more than 100 ms, from `began_s` on."""
    size = int(BLOCK_S * RATE_HZ)
    blocks = samples[: samples.size // size * size].reshape(-1, size)
    tone = np.exp(-2j * np.pi * TONE_HZ * np.arange(size) / RATE_HZ)
    level_db = 20 * np.log10(np.abs(blocks @ tone) * 2 / size + 1e-9)
    silent = np.concatenate(([0], level_db < np.median(level_db) + SILENT_DB, [0]))
    edges = np.flatnonzero(np.diff(silent.astype(int)))
    return [
        Stall(began_s + start * BLOCK_S, began_s + end * BLOCK_S)
        for start, end in edges.reshape(-1, 2)
        if (end - start) * BLOCK_S > LONGEST_GAP_S
    ]


def test_hole_in_a_tone_is_found_at_its_place() -> None:
    time_s = np.arange(2 * RATE_HZ) / RATE_HZ
    samples = (0.1 * np.sin(2 * np.pi * TONE_HZ * time_s)).astype(np.float32)
    assert holes(samples, 0.0) == []
    samples[RATE_HZ // 2 : RATE_HZ // 2 + RATE_HZ // 5] = 0
    (hole,) = holes(samples, 10.0)
    assert hole.began_s == pytest.approx(10.5, abs=0.02)
    assert hole.ms == pytest.approx(200, abs=20)


def test_steady_growth_is_found_and_a_hump_is_none() -> None:
    steady = [(float(at_s), 100 + at_s / 300) for at_s in range(0, 600, 5)]
    assert growth_mb(steady, GROWTH_OVER_S) == pytest.approx(2.0, abs=0.01)
    hump = [(float(at_s), 107.0 if 200 < at_s < 230 else 100.0) for at_s in range(0, 600, 5)]
    assert growth_mb(hump, GROWTH_OVER_S) == pytest.approx(0.0, abs=0.01)


@pytest.mark.soak
@pytest.mark.timeout(SOAK_S + 300)
async def test_booth_goes_on_without_growing_stumbling_or_breaking(
    served: Served, canaries: Canaries, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = Table(served, "booth-1")
    tone = tone_loop(TONE_HZ)
    suwon, hanoi = await asyncio.gather(
        *(table.room(site, sound=tone, camera_px=SCREEN_PX) for site in ("suwon", "hanoi"))
    )
    interpreter = await table.interpreter()
    await live(suwon)
    await listen([suwon, hanoi], WARM_UP_S)
    processes = children_of(served.process.pid)  # the media process of the booth, and the spare one
    began_s = time.monotonic()
    watches = [Watch(suwon), Watch(hanoi)]
    memory: list[tuple[float, float]] = []
    on_air = False
    while time.monotonic() - began_s < SOAK_S - WARM_UP_S:
        await listen([hanoi], LOOK_S)
        memory.append((time.monotonic(), sum(map(own_mb, (served.process.pid, *processes)))))
        for watch in watches:
            watch.look()
        if len(memory) % 6 == 0:  # now and then somebody interprets: ramps, lamps, facts
            on_air = not on_air
            await interpreter.robot.command("on_air", on=on_air)
    measured = await suwon.robot.command("measure")
    await table.clear()

    shared = canaries.stalls()
    ticks = [stall for stall in read(tmp_path / "ticks") if stall.began_s >= began_s]
    late, late_excused = split(ticks, shared)
    broken, excused = split([hole for watch in watches for hole in (*watch.holes, *watch.freezes)], shared)
    growth = growth_mb(memory, GROWTH_OVER_S)
    figures = (
        f"soak of {SOAK_S:.0f} s",
        f"memory {memory[0][1]:.1f} -> {memory[-1][1]:.1f} MB ({growth:+.2f} MB in ten minutes)",
        f"late ticks {len(late)} (and {len(late_excused)} that a canary shared)",
        f"breaks of sound or picture {len(broken)} (and {len(excused)} that a canary shared)",
        f"stalls of the canaries {len(shared)}",
        f"packets lost {measured['audio_lost']} + {measured['video_lost']}",
    )
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(figures) + "\n")
    assert not late, f"late by ms: {[round(stall.ms) for stall in late]}"
    assert not broken, f"broken for ms: {[round(stall.ms) for stall in broken]}"
    if SOAK_S - WARM_UP_S >= LEAST_FOR_A_SLOPE_S:
        assert growth < MOST_GROWTH_MB
