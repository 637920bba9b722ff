"""Pictures that a line cannot carry: what is told of which site, for how long, and who is asked for none."""

from __future__ import annotations

import pytest

from signaling.inputs import Sagging
from signaling.thumbnails import sender
from tests.support.at_booth import DESK, HANOI, KIM, SUWON, SUWON_FEED, AtBooth


@pytest.fixture
def at() -> AtBooth:
    booth = AtBooth()
    booth.join(SUWON, HANOI, KIM, DESK)
    return booth


def sag(at: AtBooth, *paused: str, seat: str = SUWON, generation: int | None = None) -> None:
    at.input(Sagging(seat, generation or at.booth.chair(seat).generation, paused))


def test_everybody_is_told_which_pictures_are_paused_and_that_they_are_back(at: AtBooth) -> None:
    sag(at, "in", "out")
    assert at.view().sites["suwon"].paused == ("in", "out")
    assert at.view().sites["hanoi"].paused == ()
    assert all(at.view() in at.sent(seat) for seat in (SUWON, HANOI, KIM, DESK))
    sag(at)
    assert at.view().sites["suwon"].paused == ()


def test_a_paused_picture_changes_no_sound_no_view_and_no_phase(at: AtBooth) -> None:
    gains, pictures, phase = at.gains(), at.pictures(), at.view().phase
    sag(at, "in", "out")
    assert (at.gains(), at.pictures(), at.view().phase) == (gains, pictures, phase)
    assert at.facts == [fact for fact in at.facts if fact.kind != "paused"], "and is no fact"


def test_what_was_paused_goes_with_its_connection(at: AtBooth) -> None:
    sag(at, "out")
    again = f'{{"type": "reconnect", "seat": "{SUWON}", "resume": "{at.booth.chair(SUWON).resume}"}}'
    at.say(SUWON, again)
    at.connect(SUWON)
    assert at.view().sites["suwon"].paused == ()


def test_a_word_about_an_older_connection_is_stale(at: AtBooth) -> None:
    sag(at, "out", generation=at.booth.chair(SUWON).generation + 1)
    assert at.view().sites["suwon"].paused == ()


def test_while_equipment_films_the_pages_own_picture_is_nobodys(at: AtBooth) -> None:
    sag(at, "in", "out")
    at.join(SUWON_FEED)
    assert at.view().sites["suwon"].paused == ("in",)


@pytest.mark.parametrize("paused", ["out", "trial"])
def test_a_narrow_line_is_not_asked_for_small_pictures_either(at: AtBooth, paused: str) -> None:
    at.say(KIM, '{"type": "watch", "on": true}')
    sag(at, paused)
    assert sender(at.booth, "suwon") is None
    assert sender(at.booth, "hanoi") is not None
    sag(at, "in")
    assert sender(at.booth, "suwon") is not None, "the way to the page is another one"
