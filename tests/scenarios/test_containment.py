"""A booth whose media process is killed or hangs is there again by itself, and no other booth notices."""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial
from pathlib import Path

import aiohttp
import numpy as np
import pytest
import pytest_asyncio

from media.engine.simulated_microphone import RATE_HZ
from media.lateness import MOST_BEHIND
from media.sound import TICK_S
from tests.scenarios.booths import write_event
from tests.scenarios.patience import watching_stalls
from tests.scenarios.table import Guest, Table, expect, live
from tests.support.loss import BACK_S, SLACK_S, come_back, media_process
from tests.support.pooled import children_of, lives, until
from tests.support.served import Served, serve

HOLE_S = 0.2
BURST_S = MOST_BEHIND * TICK_S
"""As late as a tick may be before any is skipped."""
QUIET = 0.02
"""Of full scale; the voices of the neighbours stand at 0.05 and more."""


@pytest_asyncio.fixture(loop_scope="session")
async def served(tmp_path: Path) -> Served:
    write_event(tmp_path / "event.toml", start="automatic", booths=3)
    return await serve(tmp_path / "state", tmp_path / "event.toml")


def of_process(pid: int, name: str) -> bytes:
    """A file of proc(5)."""
    return Path(f"/proc/{pid}/{name}").read_bytes()


async def figures(served: Served) -> dict[str, float]:
    """`/metrics`, by name with labels."""
    async with aiohttp.ClientSession() as http, http.get(f"{served.origin}/metrics", ssl=False) as answer:
        rows = [line.rpartition(" ") for line in (await answer.text()).splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in rows}


async def see_and_hear_again(guests: tuple[Guest, Guest]) -> None:
    """Wait until sound and picture of the one have come to the other, both ways."""
    for guest, other in (guests, guests[::-1]):
        await guest.sees(other.card, SLACK_S)
        await until(partial(hears, guest), SLACK_S)


def hears(guest: Guest) -> bool:
    """Whether there was any sound in the last 100 ms."""
    at = guest.sound.position
    samples = guest.sound.between(max(0, at - RATE_HZ // 10), at)
    return samples.size > 0 and float(abs(samples).max()) > QUIET


def longest_hole_s(samples: np.ndarray) -> float:
    """For how long at most nothing was heard."""
    heard = np.flatnonzero(abs(samples) > QUIET)
    return float(np.diff(heard, prepend=0, append=samples.size).max() / RATE_HZ)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
async def test_a_booth_whose_media_process_is_lost_goes_on_in_another_and_its_neighbour_hears_no_hole(
    served: Served, number: int
) -> None:
    table, neighbour = Table(served, "booth-1"), Table(served, "booth-2", neighbour=True)
    try:
        suwon, hanoi = await table.both_rooms()
        near, far = await neighbour.both_rooms()
        await asyncio.gather(live(suwon), live(near))
        await expect([near, far], {("suwon", "hanoi"): 0, ("hanoi", "suwon"): 0})
        await see_and_hear_again((suwon, hanoi))
        first, other = media_process(served, "booth-1"), media_process(served, "booth-2")
        before = await figures(served)
        began = near.sound.position
        for guest in (suwon, hanoi):
            guest.robot.messages.clear()
        at_s = asyncio.get_running_loop().time()
        async with watching_stalls() as stalls:
            os.kill(first, number)
            await asyncio.gather(come_back(suwon), come_back(hanoi))
            await see_and_hear_again((suwon, hanoi))
            assert asyncio.get_running_loop().time() - at_s < stalls.allow_s(BACK_S + SLACK_S)
            assert not lives(first)
            assert media_process(served, "booth-1") not in (first, other)
            assert suwon.robot.booth["phase"] == "live"
            await expect([suwon, hanoi], {("suwon", "hanoi"): 0, ("hanoi", "suwon"): 0, ("suwon", "suwon"): None})
            assert media_process(served, "booth-2") == other
            assert longest_hole_s(near.sound.between(began, near.sound.position)) < stalls.allow_s(HOLE_S)
            after = await figures(served)
        reason = "died" if number == signal.SIGKILL else "hung"
        assert after[f'hanmaru_media_processes_lost_total{{reason="{reason}"}}'] == 1
        skipped = 'hanmaru_ticks_skipped_total{process="booth-2"}'
        missed = after[skipped] - before[skipped]
        assert missed == 0 or BURST_S + missed * TICK_S < stalls.allow_s(0.0), "the machine stood still for less"
        sent = 'hanmaru_sent_bytes_total{booth="booth-1"}'
        assert after[sent] >= before[sent], "what was counted in a process that is gone stays counted"
    finally:
        await asyncio.gather(table.clear(), neighbour.clear())
        await served.stop()


async def test_sigterm_ends_every_media_process_with_its_clients_attached(served: Served) -> None:
    table = Table(served, "booth-1")
    try:
        suwon, _ = await table.both_rooms()
        await live(suwon)
        await until(lambda: len(children_of(served.process.pid)) == 2)  # the booth's, and the spare
        processes = children_of(served.process.pid)
        os.kill(media_process(served, "booth-1"), signal.SIGSTOP)  # one that will not listen does not keep it either
        await served.stop()
        assert not any(map(lives, processes))
    finally:
        await table.clear()


async def test_no_media_process_outlives_a_server_that_is_killed(served: Served) -> None:
    table = Table(served, "booth-1")
    try:
        await table.both_rooms()
        await until(lambda: len(children_of(served.process.pid)) == 2)
        processes = children_of(served.process.pid)
        os.kill(min(processes), signal.SIGSTOP)
        served.kill()
        await served.process.wait()
        await until(lambda: not any(map(lives, processes)), 5)
    finally:
        await table.clear()


async def test_the_front_process_holds_no_media_and_its_children_not_the_secret(served: Served) -> None:
    try:
        mapped = of_process(served.process.pid, "maps")
        for library in (b"libav", b"pylibsrtp", b"numpy"):
            assert library not in mapped
        await until(lambda: len(children_of(served.process.pid)) == 1)
        (spare,) = children_of(served.process.pid)
        await until(lambda: b"libav" in of_process(spare, "maps"))
        assert b"HANMARU_" not in of_process(spare, "environ")
    finally:
        await served.stop()
