"""Rooms and interpreter at one table: who sees whom, who hears whom, how loud."""

from __future__ import annotations

import pytest

from tests.scenarios.booths import SCREEN_PX
from tests.scenarios.table import CARDS, GONE_DB, RAMP_S, Guest, Table, levels, listen, live

TOLERANCE_DB = 1.5


def near(level_db: float) -> object:
    return pytest.approx(level_db, abs=TOLERANCE_DB)


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
    heard = await levels(people, people)
    assert heard["suwon", "hanoi"] == near(0)
    assert heard["hanoi", "suwon"] == near(0)
    assert heard["interpreter", "suwon"] == near(0)
    assert heard["interpreter", "hanoi"] == near(0)
    assert heard["suwon", "interpreter"] < GONE_DB
    assert heard["hanoi", "interpreter"] < GONE_DB
    nobody_hears_themself(people, heard)


async def test_liaison_lowers_the_floor_by_9_db_while_on_air(table: Table) -> None:
    people = await table.everybody()
    await settled(people)
    await on_air(people)
    heard = await levels(people, people)
    assert heard["suwon", "hanoi"] == near(-9)
    assert heard["hanoi", "suwon"] == near(-9)
    assert heard["suwon", "interpreter"] == near(0)
    assert heard["hanoi", "interpreter"] == near(0)
    assert heard["interpreter", "suwon"] == near(0)
    assert heard["interpreter", "hanoi"] == near(0)
    nobody_hears_themself(people, heard)


@pytest.mark.parametrize("speaking", CARDS)
async def test_simultaneous_ducks_the_original_by_18_db_on_the_right_side_only(table: Table, speaking: str) -> None:
    people = await table.everybody()
    interpreter = people[2]
    hearing = next(site for site in CARDS if site != speaking)
    await interpreter.robot.command("mode", mode="simultaneous")
    await interpreter.robot.command("direction", to=hearing)
    await settled(people)
    await on_air(people)
    heard = await levels(people, people)
    assert heard[hearing, speaking] == near(-18)
    assert heard[hearing, "interpreter"] == near(0)
    assert heard[speaking, hearing] == near(0)
    assert heard[speaking, "interpreter"] < GONE_DB
    assert heard["interpreter", "suwon"] == near(0)
    assert heard["interpreter", "hanoi"] == near(0)
    nobody_hears_themself(people, heard)


async def test_cough_mutes_the_interpreter_and_leaves_the_floor_ducked(table: Table) -> None:
    people = await table.everybody()
    await people[2].robot.command("mode", mode="simultaneous")
    await people[2].robot.command("direction", to="hanoi")
    await settled(people)
    await on_air(people)
    await people[2].robot.command("cough", on=True)
    await listen(people, 0.4)
    heard = await levels(people[:2], people)
    assert heard["hanoi", "interpreter"] < GONE_DB
    assert heard["hanoi", "suwon"] == near(-18)


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


def nobody_hears_themself(people: tuple[Guest, ...], heard: dict[tuple[str, str], float]) -> None:
    for guest in people:
        assert heard[guest.name, guest.name] < GONE_DB, f"{guest.name} hears itself"
