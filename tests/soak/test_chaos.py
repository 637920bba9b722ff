"""The same seed brings the same faults, and every kind of them."""

from __future__ import annotations

from tests.soak.chaos import FRONTS_UNTIL, WEIGHTS, Fault, script

BOOTHS, ROOMS, VOICES = ("booth-1", "booth-2"), ("suwon", "hanoi"), ("kim", "lee")
HOUR_S = 3600.0


def drawn(seed: int) -> list[Fault]:
    return script(seed, HOUR_S, BOOTHS, ROOMS, VOICES)


def test_the_same_seed_brings_the_same_faults() -> None:
    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)


def test_an_hour_has_every_kind_of_fault_in_every_booth() -> None:
    faults = drawn(1)
    assert {fault.kind for fault in faults} == set(WEIGHTS)
    assert {fault.booth for fault in faults} == set(BOOTHS)
    assert all(0 < fault.at_s < HOUR_S for fault in faults)


def test_only_interpreters_have_a_microphone_to_switch_and_the_last_front_lives_on() -> None:
    faults = drawn(2)
    assert {fault.name for fault in faults if fault.kind == "on air"} == set(VOICES)
    assert all(fault.at_s <= HOUR_S * FRONTS_UNTIL for fault in faults if fault.kind == "front")
