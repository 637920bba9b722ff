"""A booth from empty to ended: what leads from phase to phase, and what media of whom goes where meanwhile."""

from __future__ import annotations

import pytest

from signaling.booth_view import Media
from signaling.effects import Admit, Connect, Disconnect, Measure, Route, Send, Show, View, Write
from signaling.inputs import Answered, CandidateRefused, Failed, OfferRefused, PictureRefused
from signaling.phases import Phase
from signaling.replies import Answer, Error, Ok
from tests.support.at_booth import DESK, HANOI, KIM, LEE, SUWON, AtBooth


def test_an_automatic_booth_goes_live_when_the_media_of_both_rooms_is_there() -> None:
    booth = AtBooth()
    assert booth.view().phase is Phase.EMPTY
    booth.hello(SUWON)
    assert booth.view().phase is Phase.WAITING
    booth.hello(HANOI)
    booth.connect(SUWON)
    assert booth.view().phase is Phase.WAITING
    assert booth.gains() == {}
    booth.connect(HANOI)
    assert booth.view().phase is Phase.LIVE
    assert [fact.kind for fact in booth.facts] == ["seat", "seat", "phase"]
    assert booth.facts[-1].body == {"phase": "live", "by": None}
    assert isinstance(booth.effects[0], Write)


def test_an_operated_booth_waits_for_its_operator_and_nothing_crosses_before() -> None:
    booth = AtBooth(automatic=False)
    booth.join(SUWON, HANOI, KIM, DESK)
    assert booth.view().phase is Phase.READY
    assert (booth.gains(), booth.pictures()) == ({}, ())
    booth.say(DESK, '{"type": "start", "id": "c1"}')
    assert booth.view().phase is Phase.LIVE
    assert booth.gains()[HANOI, SUWON] == (0.0, 0.030)
    assert Ok("c1") in booth.sent(DESK)
    kinds = [type(effect) for effect in booth.effects]
    assert kinds[:4] == [Write, Route, Show, Send], "written, applied, then acknowledged"


def test_ready_goes_back_to_waiting_when_a_room_falls_silent() -> None:
    booth = AtBooth(automatic=False)
    booth.join(SUWON, HANOI)
    booth.lose(HANOI)
    assert booth.view().phase is Phase.WAITING
    booth.carry(HANOI)
    assert booth.view().phase is Phase.READY


def test_each_room_sees_the_other_at_its_own_pixels_framed_as_the_other_wishes() -> None:
    booth = AtBooth()
    booth.join(SUWON, HANOI, DESK)
    suwon, hanoi = booth.pictures()
    assert suwon == View(SUWON, HANOI, 1280, 1024, "fill", exact=False)
    assert hanoi == View(HANOI, SUWON, 640, 512, "fill", exact=False)
    booth.say(DESK, '{"type": "set", "site": "suwon", "framing": "fit"}')
    assert booth.pictures()[1] == View(HANOI, SUWON, 640, 512, "fit", exact=False)
    booth.say(DESK, '{"type": "set", "site": "suwon", "camera_off": true}')
    assert booth.pictures() == (suwon,)


def test_a_site_set_to_scaled_pictures_gets_exact_ones_and_the_other_its_own() -> None:
    booth = AtBooth(scaled=True)
    booth.join(SUWON, HANOI)
    assert {view.viewer: view.exact for view in booth.pictures()} == {SUWON: False, HANOI: True}


@pytest.mark.parametrize("command", ["pause", "end"])
def test_nothing_crosses_while_paused_or_ended(command: str) -> None:
    booth = AtBooth()
    booth.join(SUWON, HANOI, KIM, DESK)
    booth.say(DESK, f'{{"type": "{command}"}}')
    assert (booth.gains(), booth.pictures()) == ({}, ())
    assert booth.all(Route) == [Route(())]


def test_a_paused_consultation_goes_on_with_closed_microphones() -> None:
    booth = AtBooth()
    booth.join(SUWON, HANOI, KIM, DESK)
    booth.say(KIM, '{"type": "on_air", "on": true}')
    booth.say(DESK, '{"type": "pause"}')
    assert not booth.view().interpreters["kim"].on_air
    booth.say(DESK, '{"type": "resume"}')
    assert booth.view().phase is Phase.LIVE
    assert booth.gains()[HANOI, SUWON] == (0.0, 0.030)


@pytest.mark.parametrize("phase", [Phase.LIVE, Phase.PAUSED, Phase.ENDED])
def test_from_live_on_the_phase_does_not_follow_who_is_there(phase: Phase) -> None:
    booth = AtBooth()
    booth.join(SUWON, HANOI, DESK)
    for command in {"paused": ["pause"], "ended": ["end"]}.get(phase, []):
        booth.say(DESK, f'{{"type": "{command}"}}')
    booth.leave(SUWON)
    booth.leave(HANOI)
    booth.wait(10)
    assert booth.view().phase is phase


def test_the_next_consultation_begins_a_new_epoch_from_who_is_there() -> None:
    booth = AtBooth(automatic=False)
    booth.join(SUWON, HANOI, DESK)
    booth.say(DESK, '{"type": "start"}')
    booth.say(DESK, '{"type": "set", "site": "suwon", "volume_db": -6}')
    booth.say(DESK, '{"type": "end"}')
    booth.leave(HANOI)
    booth.wait(4)
    booth.say(DESK, '{"type": "next"}')
    assert (booth.view().phase, booth.view().epoch) == (Phase.WAITING, 2)
    assert booth.view().sites["suwon"].volume_db == -6
    assert booth.view().sites["hanoi"].media is Media.NONE
    assert [(fact.kind, fact.epoch) for fact in booth.facts if fact.kind != "seat"] == [
        *(("phase", 1), ("set", 1), ("phase", 1), ("phase", 2))
    ]


def test_everybody_is_told_of_every_change_and_nobody_of_none() -> None:
    booth = AtBooth(automatic=False)
    booth.join(SUWON, HANOI, DESK)
    booth.say(DESK, '{"type": "mode", "mode": "simultaneous"}')
    assert [booth.sent(seat) for seat in (SUWON, HANOI, DESK)] == [[booth.view()]] * 3
    booth.say(DESK, '{"type": "mode", "mode": "simultaneous"}')
    assert booth.all(Send) == []


def test_a_newcomer_is_welcomed_and_then_told_the_whole_state() -> None:
    booth = AtBooth()
    booth.join(SUWON)
    session = booth.hello(DESK)
    mine = [effect for effect in booth.effects if getattr(effect, "session", None) == session]
    assert mine == [Admit(session, DESK, 1, f"secret-{booth.count}"), Send(session, booth.view())]
    assert booth.sent(SUWON) == [], "an operator's coming changes nothing that is shown"


def test_the_answer_goes_to_whoever_offered() -> None:
    booth = AtBooth()
    booth.hello(SUWON)
    booth.say(SUWON, '{"type": "offer", "sdp": "v=0"}')
    assert booth.all(Connect) == [Connect(SUWON, 1, "sendrecv", "sendrecv", "v=0")]
    assert booth.view().sites["suwon"].media is Media.CONNECTING
    booth.input(Answered(SUWON, 1, "v=1"))
    assert booth.sent(SUWON) == [Answer(1, "v=1")]


def test_an_interpreter_offers_sound_only_and_an_operator_nothing() -> None:
    booth = AtBooth()
    booth.hello(KIM)
    booth.hello(DESK)
    booth.say(KIM, '{"type": "offer", "sdp": "v=0"}')
    assert booth.all(Connect) == [Connect(KIM, 1, "sendrecv", None, "v=0")]
    booth.say(DESK, '{"type": "offer", "sdp": "v=0"}')
    assert booth.codes(DESK) == ["not_allowed"]


def test_one_offer_for_each_generation_and_another_after_a_bad_one() -> None:
    booth = AtBooth()
    booth.hello(SUWON)
    booth.say(SUWON, '{"type": "candidate", "candidate": ""}')
    assert booth.codes(SUWON) == ["no_offer"]
    booth.say(SUWON, '{"type": "offer", "sdp": "bad"}')
    booth.say(SUWON, '{"type": "offer", "sdp": "bad"}')
    assert booth.codes(SUWON) == ["offer_exists"]
    booth.input(CandidateRefused(SUWON, 1, "bad_candidate", "No."))
    assert booth.codes(SUWON) == ["bad_candidate"]
    booth.input(OfferRefused(SUWON, 1, "bad_offer", "No."))
    assert booth.codes(SUWON) == ["bad_offer"]
    assert booth.view().sites["suwon"].media is Media.NONE
    booth.connect(SUWON)
    assert booth.view().sites["suwon"].media is Media.CONNECTED


def test_a_connection_that_fails_is_dropped_and_told() -> None:
    booth = AtBooth()
    booth.join(SUWON, HANOI)
    booth.input(Failed(SUWON, 1, "media_timeout", "Not up."))
    assert booth.codes(SUWON) == ["media_timeout"]
    assert booth.all(Disconnect) == [Disconnect(SUWON, 1)]
    assert booth.view().sites["suwon"].media is Media.LOST
    assert booth.view().phase is Phase.LIVE


def test_a_connection_whose_picture_is_refused_is_told_and_goes_on_with_its_sound() -> None:
    booth = AtBooth()
    booth.join(SUWON, HANOI)
    booth.input(PictureRefused(SUWON, 1, "bad_picture", "Too large."))
    assert booth.codes(SUWON) == ["bad_picture"]
    assert booth.all(Disconnect) == []
    assert booth.view().sites["suwon"].media is Media.CONNECTED


def test_words_of_the_engine_about_older_connections_change_nothing() -> None:
    booth = AtBooth()
    booth.join(SUWON, HANOI, KIM)
    before = booth.booth
    for stale in (
        Answered(SUWON, 7, "v=0"),
        OfferRefused(SUWON, 7, "bad_offer", "No."),
        CandidateRefused(SUWON, 0, "bad_candidate", "No."),
        Failed(SUWON, 7, "media_failed", "No."),
        PictureRefused(SUWON, 7, "bad_picture", "No."),
        Answered("room.booth-1.nowhere", 1, "v=0"),
    ):
        assert booth.input(stale) == ()
    assert booth.lose(KIM, 9) == ()
    assert booth.carry(LEE, 1) == ()
    assert booth.booth == before


def test_whoever_has_no_seat_is_told_so() -> None:
    booth = AtBooth()
    booth.say(SUWON, '{"type": "offer", "sdp": "v=0"}', session=1)
    assert booth.codes(1) == ["not_seated"]
    booth.say(DESK, '{"type": "start", "id": "c1"}', session=2)
    assert booth.sent(2) == [Error("c1", "not_seated", "This needs a seat; say hello first.")]


def test_a_measure_is_of_the_own_newest_connection() -> None:
    booth = AtBooth()
    booth.join(SUWON)
    booth.say(SUWON, '{"type": "measure", "id": "m1"}')
    assert booth.effects == (Measure(booth.sessions[SUWON], "m1", SUWON, 1),)
