"""Something that dies is begun again at once, then more slowly, then not any more; work in between is remembered."""

from __future__ import annotations

import pytest

from media.retries import FORGIVEN_S, PAUSES_S, Retries


def test_what_never_works_is_begun_again_with_pauses_and_then_given_up() -> None:
    retries, now = Retries(), 100.0
    for pause_s in PAUSES_S:
        assert retries.died(now) == pause_s
        now += pause_s + 0.1
    assert retries.died(now) is None


@pytest.mark.parametrize("between_s", [FORGIVEN_S, 60.0])
def test_what_works_in_between_may_die_as_often_as_it_likes(between_s: float) -> None:
    retries = Retries()
    for death in range(40):
        assert retries.died(100.0 + death * between_s) == 0.0
        retries.worked()


def test_what_works_for_a_moment_only_is_given_up_all_the_same() -> None:
    retries, deaths = Retries(), 0
    while retries.died(100.0 + deaths * FORGIVEN_S / 2) is not None:
        retries.worked()
        deaths += 1
        assert deaths < 20
    assert deaths > len(PAUSES_S)


def test_time_alone_forgives_nothing() -> None:
    retries = Retries()
    assert [retries.died(1000.0 * death) for death in range(len(PAUSES_S) + 1)] == [*PAUSES_S, None]


def test_another_one_begins_without_a_past() -> None:
    retries = Retries()
    for _ in range(len(PAUSES_S) + 1):
        retries.died(1.0)
    retries.forgive()
    assert retries.died(2.0) == PAUSES_S[0]
