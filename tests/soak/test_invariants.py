"""What is wrong is said, and nothing else."""

from __future__ import annotations

from typing import Any

from tests.soak.invariants import UNDER_WAY_S, Who, missing, overheard, wrongs
from tests.support.weather.attendee import Notes

SUWON, HANOI = Who("suwon 1", "booth-1", 400), Who("hanoi 1", "booth-1", 500)
KIM, LEE = Who("kim 1", "booth-1", 600, "kim"), Who("lee 1", "booth-1", 700, "lee")
NEIGHBOUR = Who("suwon 2", "booth-2", 800)
EVERYBODY = (SUWON, HANOI, KIM, LEE, NEIGHBOUR)


def noted(seat: str, on_air: tuple[str, ...] = (), generation: int = 1, **heard: tuple[float, float]) -> Notes:
    """Notes of somebody who heard each of those once (`hz400=(0.0, 1.0)`)."""
    booth: dict[str, Any] = {"interpreters": {f"{name}-1": {"on_air": name in on_air} for name in ("kim", "lee")}}
    spans = {int(hz.removeprefix("hz")): [span] for hz, span in heard.items()}
    return Notes(1.0, spans, [], [], {}, [], [], booth, seat, generation, stays=True)


def test_a_booth_in_order_has_nothing_wrong() -> None:
    notes = {
        "suwon 1": noted("room.suwon", ("kim",), hz500=(0.0, 1.0), hz600=(0.0, 1.0)),
        "hanoi 1": noted("room.hanoi", ("kim",), hz400=(0.0, 1.0), hz600=(0.0, 1.0)),
        "kim 1": noted("interpreter.kim", ("kim",), hz400=(0.0, 1.0), hz500=(0.0, 1.0)),
        "lee 1": noted("interpreter.lee", ("kim",), hz400=(0.0, 1.0), hz500=(0.0, 1.0), hz600=(0.0, 1.0)),
    }
    assert wrongs(EVERYBODY, notes) == []
    assert overheard(EVERYBODY, notes, {"lee 1": -10.0}) == []
    assert missing(EVERYBODY, notes, "booth-1", 0.5) == []


def test_nobody_may_hear_himself_or_another_booth() -> None:
    notes = {"suwon 1": noted("room.suwon", hz400=(0.0, 1.0), hz800=(0.2, 0.9), hz500=(0.0, 1.0))}
    assert [one.rpartition(" for ")[0] for one in wrongs(EVERYBODY, notes)] == [
        "suwon 1 hears itself",
        "suwon 1 hears suwon 2 of another booth",
    ]


def test_a_smear_of_a_moment_is_nobodys_voice() -> None:
    assert wrongs(EVERYBODY, {"suwon 1": noted("room.suwon", hz400=(0.0, 0.1))}) == []


def test_two_interpreters_together_are_one_too_many() -> None:
    notes = {"suwon 1": noted("room.suwon", ("kim", "lee"), hz600=(0.0, 1.0), hz700=(0.4, 1.0))}
    assert wrongs(EVERYBODY, notes) == [
        "suwon 1 hears two interpreters together for 0.60 s",
        "suwon 1 is told that kim and lee are on air",
    ]


def test_a_seat_has_one_holder() -> None:
    notes = {"suwon 1": noted("room.suwon"), "hanoi 1": noted("room.suwon")}
    assert wrongs(EVERYBODY, notes) == ["hanoi 1 and suwon 1 both hold room.suwon, generation 1"]
    notes["hanoi 1"] = noted("room.suwon", generation=2)
    assert wrongs(EVERYBODY, notes) == []


def test_a_closed_microphone_is_not_heard_for_longer_than_what_was_under_way() -> None:
    off_since_s = {"kim 1": 10.0}
    soon = {"suwon 1": noted("room.suwon", hz600=(9.0, 10.0 + UNDER_WAY_S / 2))}
    late = {"suwon 1": noted("room.suwon", hz600=(9.0, 10.1 + UNDER_WAY_S))}
    assert overheard(EVERYBODY, soon, off_since_s) == []
    assert overheard(EVERYBODY, late, off_since_s) != []


def test_who_is_not_heard_is_missed_and_who_is_off_air_is_not() -> None:
    notes = {who.name: noted(who.name, hz400=(0.0, 1.0), hz500=(0.0, 0.3)) for who in EVERYBODY}
    assert missing(EVERYBODY, notes, "booth-1", 0.5) == [
        f"{name} does not hear hanoi 1" for name in ("suwon 1", "kim 1", "lee 1")
    ]
