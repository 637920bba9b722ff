"""Every cell of the tables in the design, by number."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interpreter.modes import Mode
from interpreter.routing import Room, Voice, gains, heard_by

A, B, I1, I2 = "room.b.a", "room.b.b", "interpreter.b.one", "interpreter.b.two"
ROOMS = (Room(A, "a"), Room(B, "b"))
Table = Mapping[str, tuple[float | None, float | None, float | None, float | None]]
"""listener -> A, B, I1, I2."""


def voice(seat: str, *, to: str = "b", on_air: bool = False, cough: bool = False) -> Voice:
    return Voice(seat, "a" if to == "b" else "b", to, on_air, cough)


def cells(table: Table) -> dict[tuple[str, str], float | None]:
    return {
        (listener, source): db
        for listener, row in table.items()
        for source, db in zip((A, B, I1, I2), row, strict=True)
    }


IDLE: Table = {
    A: (None, 0, None, None),
    B: (0, None, None, None),
    I1: (0, 0, None, None),
    I2: (0, 0, None, None),
}
SIMULTANEOUS_TO_B: Table = {
    A: (None, 0, None, None),
    B: (-18, None, 0, None),
    I1: (0, 0, None, None),
    I2: (-6, -6, -6, None),
}
SIMULTANEOUS_TO_A: Table = {
    A: (None, -18, 0, None),
    B: (0, None, None, None),
    I1: (0, 0, None, None),
    I2: (-6, -6, -6, None),
}
LIAISON: Table = {
    A: (None, -9, 0, None),
    B: (-9, None, 0, None),
    I1: (0, 0, None, None),
    I2: (-6, -6, -6, None),
}


@pytest.mark.parametrize("mode", Mode)
def test_nobody_on_air_is_a_plain_table(mode: Mode) -> None:
    assert gains(mode, ROOMS, (voice(I1), voice(I2)), crossing=True) == cells(IDLE)


def test_simultaneous_ducks_the_original_for_those_who_hear_the_interpretation() -> None:
    voices = (voice(I1, on_air=True), voice(I2))
    assert gains(Mode.SIMULTANEOUS, ROOMS, voices, crossing=True) == cells(SIMULTANEOUS_TO_B)


def test_simultaneous_turned_round_swaps_the_rooms() -> None:
    voices = (voice(I1, to="a", on_air=True), voice(I2))
    assert gains(Mode.SIMULTANEOUS, ROOMS, voices, crossing=True) == cells(SIMULTANEOUS_TO_A)


@pytest.mark.parametrize("to", ["a", "b"])
def test_liaison_is_heard_by_both_rooms_over_a_lowered_floor(to: str) -> None:
    voices = (voice(I1, to=to, on_air=True), voice(I2))
    assert gains(Mode.LIAISON, ROOMS, voices, crossing=True) == cells(LIAISON)


def test_the_partner_on_air_swaps_the_interpreters() -> None:
    found = gains(Mode.SIMULTANEOUS, ROOMS, (voice(I1), voice(I2, on_air=True)), crossing=True)
    assert (found[B, A], found[B, I2], found[B, I1]) == (-18, 0, None)
    assert (found[I1, A], found[I1, B], found[I1, I2]) == (-6, -6, -6)
    assert (found[I2, A], found[I2, B], found[I2, I1]) == (0, 0, None)


@pytest.mark.parametrize(("mode", "floor"), [(Mode.SIMULTANEOUS, -18), (Mode.LIAISON, -9)])
def test_a_cough_is_silent_and_does_not_bring_the_floor_back(mode: Mode, floor: float) -> None:
    voices = (voice(I1, on_air=True, cough=True), voice(I2))
    found = gains(mode, ROOMS, voices, crossing=True)
    assert (found[B, I1], found[I2, I1], found[B, A]) == (None, None, floor)


def test_a_muted_room_is_heard_by_nobody_and_hears_as_before() -> None:
    rooms = (Room(A, "a", muted=True), Room(B, "b"))
    found = gains(Mode.LIAISON, rooms, (voice(I1, on_air=True),), crossing=True)
    assert [found[listener, A] for listener in (A, B, I1)] == [None, None, None]
    assert (found[A, B], found[A, I1]) == (-9, 0)


def test_volume_trims_all_that_a_room_hears_and_nothing_else() -> None:
    rooms = (Room(A, "a"), Room(B, "b", volume_db=-6.5))
    found = gains(Mode.SIMULTANEOUS, rooms, (voice(I1, on_air=True),), crossing=True)
    assert (found[B, A], found[B, I1]) == (-24.5, -6.5)
    assert (found[A, B], found[I1, A], found[I1, B]) == (0, 0, 0)


def test_equipment_speaks_for_a_room_whose_own_microphone_is_then_heard_by_nobody() -> None:
    rooms = (Room(A, "a", feed="feed.b.a"), Room(B, "b"))
    found = gains(Mode.SIMULTANEOUS, rooms, (voice(I1, on_air=True),), crossing=True)
    assert (found[B, "feed.b.a"], found[I1, "feed.b.a"]) == (-18, 0)
    assert (found[A, B], found[A, "feed.b.a"]) == (0, None), "the room hears as before, and not itself"
    assert A not in {source for _, source in found}
    muted = gains(Mode.LIAISON, (Room(A, "a", muted=True, feed="feed.b.a"), Room(B, "b")), (), crossing=True)
    assert muted[B, "feed.b.a"] is None


def test_a_display_plays_what_its_room_plays_at_the_same_volume() -> None:
    rooms = (Room(A, "a", feed="feed.b.a"), Room(B, "b", volume_db=-6.5, displays=("d1", "d2")))
    found = gains(Mode.LIAISON, rooms, (voice(I1, on_air=True),), crossing=True)
    for display in ("d1", "d2"):
        assert (found[display, "feed.b.a"], found[display, I1], found[display, B]) == (-15.5, -6.5, None)
    assert not {"d1", "d2"} & {source for _, source in found}


def test_the_sites_that_hear_a_voice_follow_mode_and_direction() -> None:
    assert heard_by(Mode.SIMULTANEOUS, voice(I1, to="b"), ROOMS) == ("b",)
    assert heard_by(Mode.SIMULTANEOUS, voice(I1, to="a"), ROOMS) == ("a",)
    assert heard_by(Mode.LIAISON, voice(I1, to="b"), ROOMS) == ("a", "b")
    assert heard_by(Mode.LIAISON, voice(I1), ROOMS[1:]) == ("b",)


rooms = st.tuples(
    st.builds(Room, st.just(A), st.just("a"), st.booleans(), st.floats(-40, 6)),
    st.builds(Room, st.just(B), st.just("b"), st.booleans(), st.floats(-40, 6)),
)
states = st.sampled_from([(False, False), (True, False), (False, True)])


@given(st.sampled_from(Mode), rooms, states, st.booleans(), st.sampled_from("ab"), st.booleans())
def test_nobody_hears_themself_and_nothing_crosses_unless_it_may(
    mode: Mode, rooms: tuple[Room, Room], on_air: tuple[bool, bool], cough: bool, to: str, crossing: bool
) -> None:
    voices = tuple(voice(seat, to=to, on_air=on, cough=cough) for seat, on in zip((I1, I2), on_air, strict=True))
    found = gains(mode, rooms, voices, crossing=crossing)
    assert len(found) == 16
    assert all(found[seat, seat] is None for seat in (A, B, I1, I2))
    assert crossing or set(found.values()) == {None}
    for each in voices:
        hearing = [room.site for room in rooms if found[room.seat, each.seat] is not None]
        assert set(hearing) <= set(heard_by(mode, each, rooms) if each.on_air else ())
