"""When a connection counts as up, as lost, and as one that never came."""

from __future__ import annotations

from media.carriage import CONNECT_TIMEOUT_S, SECOND_KIND_S, SILENCE_S, Carriage


def test_it_carries_once_every_kind_has_come() -> None:
    one = Carriage(0.0)
    assert not one.heard("audio", 2, 1.0)
    assert one.heard("video", 2, 1.5)
    assert one.live
    assert not one.heard("audio", 2, 1.6), "it is told once"


def test_a_camera_that_is_slow_to_open_is_not_waited_for_for_ever() -> None:
    one = Carriage(0.0)
    assert not one.heard("audio", 2, 1.0)
    assert not one.heard("audio", 2, 1.0 + SECOND_KIND_S)
    assert one.heard("audio", 2, 1.1 + SECOND_KIND_S)


def test_it_is_silent_after_two_seconds_and_carries_again_with_the_next_packet() -> None:
    one = Carriage(0.0)
    assert one.heard("audio", 1, 1.0)
    assert not one.silent(1.0 + SILENCE_S)
    assert one.silent(1.1 + SILENCE_S)
    one.is_lost = True
    assert not one.live
    assert not one.silent(9.0), "that is known already"
    assert one.heard("audio", 1, 9.0)
    assert one.live


def test_one_that_never_comes_up_is_overdue_and_one_that_only_listens_is_not_silent() -> None:
    one = Carriage(5.0)
    assert not one.overdue(5.0 + CONNECT_TIMEOUT_S)
    assert one.overdue(5.1 + CONNECT_TIMEOUT_S)
    one.is_carrying = True
    assert not one.overdue(100.0)
    assert not one.silent(100.0)
