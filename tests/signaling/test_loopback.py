"""A private place: one client hears and sees itself, and can change nothing else."""

from __future__ import annotations

import pytest

from signaling.booth import SitePlan
from signaling.effects import AddCandidate, Admit, Connect, Disconnect, Gain, Measure, Route, Send, Show, View
from signaling.inputs import Answered, Carrying, Closed, Failed, Lost, OfferRefused, Received, Speaking
from signaling.loopback import Loopback, opened, step
from signaling.messages import parse
from signaling.replies import Answer, Error
from signaling.seats import parse_seat

SEAT = "loopback.0f3a"
SITE = SitePlan("suwon", 1280, 1024)
TOKEN = parse_seat("room.booth-1.suwon")


def said(text: str) -> Received:
    return Received(7, TOKEN, parse(text), "secret")


def entered(*, with_picture: bool = True) -> Loopback:
    place = opened("0f3a", SITE, with_picture=with_picture)
    return step(place, said('{"type": "hello", "purpose": "loopback"}'))[0]


def test_a_client_hears_itself_at_0_db_and_sees_itself_as_the_screen_would_see_it() -> None:
    place = opened("0f3a", SITE, with_picture=True)
    _, effects = step(place, said('{"type": "hello", "purpose": "loopback"}'))
    assert effects == (
        Route((Gain(SEAT, SEAT, 0.0, 0.0),)),
        Show((View(SEAT, SEAT, 1280, 1024, "fill", exact=False),)),
        Admit(7, SEAT, 1, "secret"),
    )


def test_the_test_of_a_site_with_scaled_pictures_has_them_scaled_too() -> None:
    place = opened("0f3a", SitePlan("hanoi", 640, 512, scaled=True), with_picture=True)
    _, effects = step(place, said('{"type": "hello", "purpose": "loopback"}'))
    assert Show((View(SEAT, SEAT, 640, 512, "fill", exact=True),)) in effects


def test_an_interpreter_tests_sound_only() -> None:
    place = opened("0f3a", SITE, with_picture=False)
    place, effects = step(place, said('{"type": "hello", "purpose": "loopback"}'))
    assert [type(effect) for effect in effects] == [Route, Admit]
    assert step(place, said('{"type": "offer", "sdp": "v=0"}'))[1] == (Connect(SEAT, 1, "sendrecv", None, "v=0"),)


def test_offer_answer_candidates_and_measures_work_as_in_a_booth() -> None:
    place, effects = step(entered(), said('{"type": "offer", "sdp": "v=0"}'))
    assert effects == (Connect(SEAT, 1, "sendrecv", "sendrecv", "v=0"),)
    assert step(place, Answered(SEAT, 1, "v=1"))[1] == (Send(7, Answer(1, "v=1")),)
    candidate = step(place, said('{"type": "candidate", "candidate": "", "mid": "0"}'))[1]
    assert candidate == (AddCandidate(SEAT, 1, "", "0", None),)
    assert step(place, said('{"type": "measure", "id": "m"}'))[1] == (Measure(7, "m", SEAT, 1),)
    assert step(place, OfferRefused(SEAT, 1, "bad_offer", "No."))[1] == (Send(7, Error(None, "bad_offer", "No.")),)
    failed = step(place, Failed(SEAT, 1, "media_timeout", "No."))[1]
    assert failed == (Disconnect(SEAT, 1), Send(7, Error(None, "media_timeout", "No.")))


def test_a_new_connection_replaces_the_old_one_when_it_carries() -> None:
    place, _ = step(entered(), said('{"type": "offer", "sdp": "v=0"}'))
    place, _ = step(place, Carrying(SEAT, 1))
    place, effects = step(place, said('{"type": "reconnect", "seat": "room.booth-1.suwon", "resume": ""}'))
    assert effects == (Admit(7, SEAT, 2, "secret"),)
    place, _ = step(place, said('{"type": "offer", "sdp": "v=0"}'))
    place, effects = step(place, Carrying(SEAT, 2))
    assert effects == (Disconnect(SEAT, 1),)
    place, effects = step(place, Lost(SEAT, 2))
    assert effects == ()
    assert step(place, Closed(7))[1] == (Disconnect(SEAT, 2),)


@pytest.mark.parametrize("text", ['{"type": "start", "id": "c"}', '{"type": "on_air", "id": "c", "on": true}'])
def test_there_is_no_consultation_to_change(text: str) -> None:
    place = entered()
    after, effects = step(place, said(text))
    assert after == place
    assert effects == (Send(7, Error("c", "not_allowed", "A loopback test has no consultation to change.")),)


def test_who_speaks_does_not_matter() -> None:
    place = entered()
    assert step(place, Speaking(frozenset({SEAT}))) == (place, ())
