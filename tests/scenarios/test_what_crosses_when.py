"""The life of a consultation: nothing crosses before, in a pause, or after the end; never between booths."""

from __future__ import annotations

from dataclasses import replace

import pytest

from signaling.errors import RemoteError
from tests.scenarios.table import RAMP_S, Guest, Table, expect, listen


async def nothing_crosses(people: tuple[Guest, ...]) -> None:
    suwon, hanoi = people[:2]
    await listen(people, RAMP_S)
    for guest in (suwon, hanoi):
        guest.picture.begin()
    await expect(people, {(room.name, speaker.name): None for room in (suwon, hanoi) for speaker in people})
    for guest in (suwon, hanoi):
        assert not [seen for seen in guest.picture.sightings if seen.source is not None]


async def all_crosses(suwon: Guest, hanoi: Guest) -> None:
    await suwon.sees(hanoi.card)
    await hanoi.sees(suwon.card)
    await listen((suwon, hanoi), RAMP_S)
    await expect((suwon, hanoi), {("suwon", "hanoi"): 0, ("hanoi", "suwon"): 0})


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
    await expect([suwon], {("suwon", "suwon"): None})
    assert not [seen for seen in suwon.picture.sightings if seen.source is not None]


async def test_second_booth_neither_hears_nor_sees_the_first(table: Table, neighbour: Table) -> None:
    here, there = await table.both_rooms(), await neighbour.both_rooms()
    everyone = (*here, *there)
    for guest, far in (*zip(here, reversed(here), strict=True), *zip(there, reversed(there), strict=True)):
        await guest.sees(far.card)
    await listen(everyone, RAMP_S)
    for own, other in ((here, there), (there, here)):
        named = [replace(guest, name=f"other {guest.name}") for guest in other]
        expected: dict[tuple[str, str], float | None] = {("suwon", "hanoi"): 0, ("hanoi", "suwon"): 0}
        expected |= {(guest.name, stranger.name): None for guest in own for stranger in named}
        await expect((*own, *named), expected)
        cards = {guest.card for guest in other}
        for guest in own:
            assert not [seen for seen in guest.picture.sightings if seen.source in cards]
