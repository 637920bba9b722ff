"""Rooms and interpreter at one table: who sees whom, who hears whom, how loud."""

from __future__ import annotations

import pytest

from tests.scenarios.booths import SCREEN_PX
from tests.scenarios.table import CARDS, RAMP_S, TRIES, Guest, Table, expect, listen, live

NOTHING = None
THEMSELVES = {("suwon", "suwon"): NOTHING, ("hanoi", "hanoi"): NOTHING, ("interpreter", "interpreter"): NOTHING}
INTERPRETER_HEARS_BOTH = {("interpreter", "suwon"): 0, ("interpreter", "hanoi"): 0}


async def test_both_rooms_see_each_other_filling_the_screen(table: Table) -> None:
    suwon, hanoi = await table.both_rooms()
    for guest, far in ((suwon, hanoi), (hanoi, suwon)):
        sighting = await guest.sees(far.card, within_s=5.0)
        assert (sighting.width, sighting.height) == SCREEN_PX
        assert sighting.stretch == pytest.approx(1.0, abs=0.01)
        assert sighting.card_width == pytest.approx(SCREEN_PX[0], rel=0.01)
        assert sighting.card_height == pytest.approx(SCREEN_PX[1], rel=0.01)
        assert not [seen for seen in guest.picture.sightings if seen.source == guest.card], "a room saw itself"


async def test_off_air_rooms_hear_each_other_and_nobody_hears_the_interpreter(table: Table) -> None:
    people = await table.everybody()
    await settled(people)
    await expect(
        people,
        {
            ("suwon", "hanoi"): 0,
            ("hanoi", "suwon"): 0,
            ("suwon", "interpreter"): NOTHING,
            ("hanoi", "interpreter"): NOTHING,
            **INTERPRETER_HEARS_BOTH,
            **THEMSELVES,
        },
    )


async def test_liaison_lowers_the_floor_by_9_db_while_on_air(table: Table) -> None:
    people = await table.everybody()
    await settled(people)
    await on_air(people)
    await expect(
        people,
        {
            ("suwon", "hanoi"): -9,
            ("hanoi", "suwon"): -9,
            ("suwon", "interpreter"): 0,
            ("hanoi", "interpreter"): 0,
            **INTERPRETER_HEARS_BOTH,
            **THEMSELVES,
        },
    )


@pytest.mark.parametrize("speaking", CARDS)
async def test_simultaneous_ducks_the_original_by_18_db_on_the_right_side_only(table: Table, speaking: str) -> None:
    people = await table.everybody()
    interpreter = people[2]
    hearing = next(site for site in CARDS if site != speaking)
    await interpreter.robot.command("mode", mode="simultaneous")
    await interpreter.robot.command("direction", to=hearing)
    await settled(people)
    await on_air(people)
    await expect(
        people,
        {
            (hearing, speaking): -18,
            (hearing, "interpreter"): 0,
            (speaking, hearing): 0,
            (speaking, "interpreter"): NOTHING,
            **INTERPRETER_HEARS_BOTH,
            **THEMSELVES,
        },
    )


async def test_cough_mutes_the_interpreter_and_leaves_the_floor_ducked(table: Table) -> None:
    people = await table.everybody()
    await people[2].robot.command("mode", mode="simultaneous")
    await people[2].robot.command("direction", to="hanoi")
    await settled(people)
    await on_air(people)
    faults: list[AssertionError] = []
    for _ in range(TRIES):  # a cough lasts 3 s at most: one measurement fits in
        await people[2].robot.command("cough", on=True)
        await listen(people, 0.3)
        try:
            await expect(people, {("hanoi", "interpreter"): NOTHING, ("hanoi", "suwon"): -18}, tries=1)
        except AssertionError as fault:
            faults.append(fault)
            await people[2].robot.command("cough", on=False)
        else:
            return
    raise faults[-1]


async def settled(people: tuple[Guest, ...]) -> None:
    """Live, everybody's media connected, and the gains of that reached."""
    for guest in people:
        await live(guest)
    await people[0].robot.until(
        lambda booth: all(
            participant["media"] == "connected" for participant in (booth["sites"] | booth["interpreters"]).values()
        )
    )
    await listen(people, RAMP_S)


async def on_air(people: tuple[Guest, ...]) -> None:
    """The interpreter opens the microphone; the attack is over."""
    await people[2].robot.command("on_air", on=True)
    await listen(people, RAMP_S)
