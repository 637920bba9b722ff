"""The life of a consultation: nothing crosses before, in a pause, or after the end; never between booths."""

from __future__ import annotations

import asyncio

import pytest

from signaling.errors import RemoteError
from tests.scenarios.table import GONE_DB, RAMP_S, Guest, Table, levels, listen


async def nothing_crosses(people: tuple[Guest, ...]) -> None:
    suwon, hanoi = people[:2]
    await listen(people, RAMP_S)
    for guest in (suwon, hanoi):
        guest.picture.begin()
    heard = await levels((suwon, hanoi), people)
    assert all(level < GONE_DB for level in heard.values()), heard
    for guest in (suwon, hanoi):
        assert not [seen for seen in guest.picture.sightings if seen.source is not None]


async def all_crosses(suwon: Guest, hanoi: Guest) -> None:
    await suwon.sees(hanoi.card)
    await hanoi.sees(suwon.card)
    await listen((suwon, hanoi), RAMP_S)
    heard = await levels((suwon, hanoi), (suwon, hanoi))
    assert heard["suwon", "hanoi"] == pytest.approx(0, abs=1.5)
    assert heard["hanoi", "suwon"] == pytest.approx(0, abs=1.5)


async def test_operator_leads_a_consultation_from_ready_to_the_next_one(led_table: Table) -> None:
    operator = await led_table.operator()
    await operator.until(lambda booth: booth["phase"] == "empty")
    with pytest.raises(RemoteError) as refusal:
        await operator.command("start")
    assert refusal.value.code == "wrong_phase"
    suwon, hanoi, interpreter = people = await led_table.everybody()
    await operator.until(lambda booth: booth["phase"] == "ready")
    with pytest.raises(RemoteError) as refusal:
        await interpreter.robot.command("on_air", on=True)
    assert refusal.value.code == "wrong_phase"
    await nothing_crosses(people)

    await operator.command("start")
    await all_crosses(suwon, hanoi)
    await interpreter.robot.command("on_air", on=True)

    await operator.command("pause")
    await operator.until(lambda booth: booth["phase"] == "paused")
    await nothing_crosses(people)
    await operator.command("resume")
    await suwon.robot.until(lambda booth: booth["phase"] == "live")
    await suwon.sees(hanoi.card)

    await operator.command("end")
    await nothing_crosses(people)
    epoch = operator.booth["epoch"]
    await operator.command("next")
    await operator.until(lambda booth: booth["phase"] == "ready" and booth["epoch"] == epoch + 1)
    await operator.command("start")
    await all_crosses(suwon, hanoi)


async def test_first_room_alone_waits_and_gets_nothing_back(table: Table) -> None:
    suwon = await table.room("suwon")
    await suwon.robot.until(lambda booth: booth["phase"] == "waiting")
    heard = await levels([suwon], [suwon])
    assert heard["suwon", "suwon"] < GONE_DB
    assert not [seen for seen in suwon.picture.sightings if seen.source is not None]


async def test_second_booth_neither_hears_nor_sees_the_first(table: Table, neighbour: Table) -> None:
    here, there = await table.both_rooms(), await neighbour.both_rooms()
    everyone = (*here, *there)
    for guest, far in (*zip(here, reversed(here), strict=True), *zip(there, reversed(there), strict=True)):
        await guest.sees(far.card)
    await listen(everyone, RAMP_S)
    for own, other in ((here, there), (there, here)):
        friends, strangers = await asyncio.gather(levels(own, own), levels(own, other))
        assert friends["suwon", "hanoi"] == pytest.approx(0, abs=1.5)
        assert friends["hanoi", "suwon"] == pytest.approx(0, abs=1.5)
        assert all(level < GONE_DB for level in strangers.values()), strangers
        cards = {guest.card for guest in other}
        for guest in own:
            assert not [seen for seen in guest.picture.sightings if seen.source in cards]
