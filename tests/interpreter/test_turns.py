"""The turn lamps say whose turn it is, and stop saying it when it is no longer so."""

from __future__ import annotations

import pytest

from interpreter import turns
from interpreter.modes import Mode
from interpreter.turns import Lamp, Turns, lamp


def lamps(state: Turns, mode: Mode = Mode.LIAISON, *, live: bool = True, on_air: bool = False) -> tuple[Lamp, Lamp]:
    return lamp(state, "a", mode, live=live, on_air=on_air), lamp(state, "b", mode, live=live, on_air=on_air)


def test_both_sides_wait_while_a_liaison_interpreter_speaks() -> None:
    assert lamps(turns.opened(Turns()), on_air=True) == (Lamp.WAIT, Lamp.WAIT)


def test_after_the_interpretation_those_who_listened_are_invited_for_eight_seconds() -> None:
    state = turns.released(Turns(), Mode.LIAISON, "b", now=100.0)
    assert lamps(state) == (Lamp.OPEN, Lamp.YOU)
    assert turns.deadline(state) == 108.0
    assert lamps(turns.elapsed(state, 107.9)) == (Lamp.OPEN, Lamp.YOU)
    assert lamps(turns.elapsed(state, 108.0)) == (Lamp.OPEN, Lamp.OPEN)
    assert turns.deadline(turns.elapsed(state, 108.0)) is None


def test_an_invitation_ends_when_somebody_speaks() -> None:
    assert lamps(turns.spoke(turns.released(Turns(), Mode.LIAISON, "b", 0.0))) == (Lamp.OPEN, Lamp.OPEN)


def test_an_interpreter_who_goes_on_air_again_ends_the_invitation() -> None:
    state = turns.opened(turns.released(Turns(), Mode.LIAISON, "b", 0.0))
    assert lamps(state) == (Lamp.OPEN, Lamp.OPEN)


def test_simultaneous_leaves_the_floor_open_to_both() -> None:
    assert lamps(turns.opened(Turns()), Mode.SIMULTANEOUS, on_air=True) == (Lamp.OPEN, Lamp.OPEN)
    assert lamps(turns.released(Turns(), Mode.SIMULTANEOUS, "b", 0.0), Mode.SIMULTANEOUS) == (Lamp.OPEN, Lamp.OPEN)


@pytest.mark.parametrize("mode", Mode)
def test_a_lost_interpreter_is_told_to_both_until_the_return(mode: Mode) -> None:
    state = turns.lost(Turns(), "interpreter.b.one", now=50.0)
    assert lamps(state, mode) == (Lamp.GONE, Lamp.GONE)
    assert lamps(turns.returned(state, "interpreter.b.two"), mode) == (Lamp.GONE, Lamp.GONE)
    assert lamps(turns.returned(state, "interpreter.b.one"), mode) == (Lamp.OPEN, Lamp.OPEN)


def test_a_lost_interpreter_is_told_for_two_minutes_at_most() -> None:
    state = turns.lost(Turns(), "interpreter.b.one", now=50.0)
    assert turns.deadline(state) == 170.0
    assert lamps(turns.elapsed(state, 170.0)) == (Lamp.OPEN, Lamp.OPEN)


def test_a_partner_who_takes_the_microphone_ends_the_alarm() -> None:
    assert lamps(turns.opened(turns.lost(Turns(), "interpreter.b.one", 0.0)), on_air=True) == (Lamp.WAIT, Lamp.WAIT)


def test_outside_a_live_consultation_no_lamp_says_anything() -> None:
    state = turns.lost(turns.released(Turns(), Mode.LIAISON, "b", 0.0), "interpreter.b.one", 0.0)
    assert lamps(state, live=False, on_air=True) == (Lamp.OPEN, Lamp.OPEN)
