"""Seats: one client at a time, the same one comes back to it, another one has to ask."""

from __future__ import annotations

import json

from signaling.booth_view import Media
from signaling.effects import Admit, Close, Connect, Disconnect, Send
from signaling.inputs import Closed, Failed, Revoked
from signaling.phases import Phase
from signaling.replies import Replaced, SeatTaken
from tests.support.at_booth import DESK, HANOI, KIM, LEE, SUWON, TECHNICIAN, AtBooth


def reconnect(booth: AtBooth, seat: str, resume: str, session: int) -> None:
    booth.say(seat, json.dumps({"type": "reconnect", "seat": seat, "resume": resume}), session)
    if booth.chair_session(seat) == session:
        booth.sessions[seat] = session


def live() -> AtBooth:
    booth = AtBooth()
    booth.join(SUWON, HANOI, KIM, DESK)
    return booth


def test_a_second_client_is_told_that_the_seat_is_taken_and_may_take_it_over() -> None:
    booth = live()
    first, second = booth.sessions[SUWON], booth.hello(SUWON)
    assert booth.sent(second) == [SeatTaken(SUWON)]
    assert booth.chair_session(SUWON) == first
    booth.say(SUWON, '{"type": "take_over"}', second)
    assert booth.chair_session(SUWON) == second
    assert booth.sent(first) == [Replaced()]
    assert booth.all(Close) == [Close(first, 4001)]
    assert [admit.generation for admit in booth.all(Admit)] == [2]
    assert booth.all(Disconnect) == [Disconnect(SUWON, 1)]
    assert booth.input(Closed(first)) == ()
    assert booth.chair_session(SUWON) == second


def test_a_client_that_waits_is_let_in_when_the_holder_stays_away() -> None:
    booth = live()
    second = booth.hello(SUWON)
    booth.leave(SUWON)
    assert [e for e in booth.wait(2.9) if isinstance(e, Admit)] == []
    assert [e.session for e in booth.wait(0.2) if isinstance(e, Admit)] == [second]


def test_a_holder_who_comes_back_in_time_keeps_the_seat_from_whoever_waits() -> None:
    booth = live()
    secret = booth.secrets[SUWON]
    booth.hello(SUWON)
    booth.leave(SUWON)
    booth.wait(2)
    reconnect(booth, SUWON, secret, 900)
    assert booth.chair_session(SUWON) == 900
    assert [e for e in booth.wait(10) if isinstance(e, Admit)] == []


def test_those_who_wait_come_in_the_order_in_which_they_asked() -> None:
    booth = live()
    second, third = booth.hello(SUWON), booth.hello(SUWON)
    booth.leave(SUWON)
    fourth = booth.hello(SUWON)
    assert booth.sent(fourth) == [SeatTaken(SUWON)]
    booth.input(Closed(second))
    assert [e.session for e in booth.wait(4) if isinstance(e, Admit)] == [third]


def test_a_free_seat_is_anybodys_at_once_and_the_old_connection_is_dropped() -> None:
    booth = live()
    booth.leave(HANOI)
    assert booth.view().sites["hanoi"].present
    again = booth.hello(HANOI)
    assert booth.chair_session(HANOI) == again
    assert booth.all(Disconnect) == [Disconnect(HANOI, 1)]
    booth.sessions[HANOI] = again
    booth.connect(HANOI)
    assert (booth.view().phase, booth.view().sites["hanoi"].media) == (Phase.LIVE, Media.CONNECTED)


def test_a_page_that_was_closed_is_gone_with_its_media_and_its_seat_waits_three_seconds() -> None:
    booth = live()
    booth.leave(HANOI, meant=True)
    assert booth.all(Disconnect) == [Disconnect(HANOI, 1)]
    assert booth.view().sites["hanoi"].media is Media.LOST
    assert booth.view().sites["hanoi"].present
    booth.wait(3.1)
    assert not booth.view().sites["hanoi"].present


def test_a_page_whose_socket_broke_is_heard_and_seen_for_forty_seconds() -> None:
    booth = live()
    booth.leave(HANOI)
    assert [e for e in booth.wait(39.9) if isinstance(e, Disconnect)] == []
    hanoi = booth.view().sites["hanoi"]
    assert (hanoi.present, hanoi.media) == (True, Media.CONNECTED)
    assert [e for e in booth.wait(0.2) if isinstance(e, Disconnect)] == [Disconnect(HANOI, 1)]
    hanoi = booth.view().sites["hanoi"]
    assert (hanoi.present, hanoi.media) == (False, Media.LOST)


def test_a_page_that_was_killed_is_gone_when_its_media_falls_silent_and_comes_back_with_its_network() -> None:
    booth = live()
    booth.leave(HANOI)
    booth.wait(2.0)
    booth.lose(HANOI)
    assert booth.all(Disconnect) == []
    assert booth.view().sites["hanoi"].media is Media.LOST
    booth.wait(8.0)
    assert not booth.view().sites["hanoi"].present
    booth.carry(HANOI)
    hanoi = booth.view().sites["hanoi"]
    assert (hanoi.present, hanoi.media) == (True, Media.CONNECTED)


def test_what_is_kept_ends_when_somebody_else_takes_the_seat_or_its_link_is_revoked() -> None:
    for revoked in (False, True):
        booth = live()
        booth.leave(HANOI)
        booth.wait(5.0)
        if revoked:
            booth.input(Revoked(HANOI))
        else:
            booth.hello(HANOI)
        assert booth.all(Disconnect) == [Disconnect(HANOI, 1)]
        assert [e for e in booth.wait(60) if isinstance(e, Disconnect)] == []


def test_the_same_client_may_go_on_with_the_media_it_has_and_is_told_when_it_fails() -> None:
    booth = live()
    secret = booth.secrets[SUWON]
    booth.leave(SUWON)
    booth.wait(10)
    reconnect(booth, SUWON, secret, 900)
    assert [e for e in booth.wait(60) if isinstance(e, Disconnect)] == []
    assert booth.view().sites["suwon"].media is Media.CONNECTED
    booth.input(Failed(SUWON, 1, "media_failed", "The media process stopped."))
    assert booth.codes(900) == ["media_failed"]


def test_the_same_client_on_a_fresh_socket_keeps_its_old_connection_until_the_new_one_carries() -> None:
    booth = live()
    secret = booth.secrets[SUWON]
    booth.leave(SUWON)
    reconnect(booth, SUWON, secret, 900)
    assert [(admit.session, admit.generation) for admit in booth.all(Admit)] == [(900, 2)]
    assert booth.all(Disconnect) == []
    booth.say(SUWON, '{"type": "offer", "sdp": "v=0"}')
    assert [connect.generation for connect in booth.all(Connect)] == [2]
    assert booth.view().sites["suwon"].media is Media.CONNECTED
    booth.carry(SUWON)
    assert booth.all(Disconnect) == [Disconnect(SUWON, 1)]
    assert booth.carry(SUWON, 1) == ()


def test_reconnect_on_the_open_socket_follows_the_same_rule() -> None:
    booth = live()
    session = booth.sessions[SUWON]
    reconnect(booth, SUWON, booth.secrets[SUWON], session)
    assert [(admit.session, admit.generation) for admit in booth.all(Admit)] == [(session, 2)]
    assert [type(e) for e in booth.effects if getattr(e, "session", None) == session] == [Admit, Send]
    booth.connect(SUWON)
    assert booth.all(Disconnect) == [Disconnect(SUWON, 1)]


def test_only_the_newest_attempt_is_kept_while_a_client_tries_again_and_again() -> None:
    booth = live()
    for generation in (2, 3):
        reconnect(booth, SUWON, booth.secrets[SUWON], booth.sessions[SUWON])
        booth.say(SUWON, '{"type": "offer", "sdp": "v=0"}')
        assert booth.all(Disconnect) == ([Disconnect(SUWON, 2)] if generation == 3 else [])
    booth.carry(SUWON, 2)
    assert [each.generation for each in booth.booth.chair(SUWON).connections] == [1, 3]


def test_a_client_whose_welcome_was_lost_comes_back_with_its_older_secret() -> None:
    booth = live()
    secret = booth.secrets[SUWON]
    reconnect(booth, SUWON, secret, 900)
    newer = booth.secrets[SUWON]
    reconnect(booth, SUWON, secret, 901)
    assert booth.chair_session(SUWON) == 901
    assert booth.all(Close) == [Close(900, 4001)]
    booth.connect(SUWON)
    reconnect(booth, SUWON, newer, 902)
    assert booth.sent(902) == [SeatTaken(SUWON)], "an offer shows that the newer secret arrived"


def test_a_client_whose_welcome_was_lost_again_and_again_is_still_the_same_client() -> None:
    booth = live()
    secret = booth.secrets[SUWON]
    for session in range(900, 904):
        reconnect(booth, SUWON, secret, session)
        assert booth.chair_session(SUWON) == session
    assert booth.all(Disconnect) == []


def test_an_unknown_secret_is_a_hello() -> None:
    booth = live()
    reconnect(booth, SUWON, "guess", 900)
    assert booth.sent(900) == [SeatTaken(SUWON)]
    booth.leave(HANOI)
    reconnect(booth, HANOI, "", 901)
    assert booth.chair_session(HANOI) == 901
    assert booth.all(Disconnect) == [Disconnect(HANOI, 1)]


def test_a_link_opens_no_other_seat() -> None:
    booth = live()
    secret = booth.secrets[SUWON]
    booth.say(HANOI, json.dumps({"type": "reconnect", "seat": SUWON, "resume": secret}), 900)
    assert booth.codes(900) == ["not_allowed"]
    assert booth.chair_session(SUWON) == booth.sessions[SUWON]


def test_a_second_hello_and_a_take_over_of_nothing_are_refused() -> None:
    booth = live()
    booth.say(SUWON, '{"type": "hello"}')
    assert booth.codes(SUWON) == ["not_allowed"]
    booth.say(SUWON, '{"type": "take_over"}')
    assert booth.codes(SUWON) == ["not_allowed"]


def test_two_interpreters_and_two_technicians_of_a_booth_do_not_take_each_other_over() -> None:
    booth = live()
    booth.join(LEE, TECHNICIAN)
    other = booth.hello("technician.other")
    assert booth.chair_session("technician.other") == other
    assert booth.chair_session(TECHNICIAN) == booth.sessions[TECHNICIAN]
    assert {name: each.present for name, each in booth.view().interpreters.items()} == {"kim": True, "lee": True}


def test_a_room_that_is_back_is_back_in_the_same_consultation_with_the_same_settings() -> None:
    booth = live()
    booth.say(DESK, '{"type": "set", "site": "suwon", "muted": true, "framing": "fit"}')
    booth.leave(SUWON)
    booth.wait(60)
    booth.sessions[SUWON] = booth.hello(SUWON)
    booth.connect(SUWON)
    site = booth.view().sites["suwon"]
    assert (booth.view().phase, booth.view().epoch, site.muted, site.framing) == (Phase.LIVE, 1, True, "fit")


def test_a_revoked_link_is_out_at_once_with_all_who_ask_by_it() -> None:
    booth = live()
    holder, asker = booth.sessions[SUWON], booth.hello(SUWON)
    secret = booth.secrets[SUWON]
    booth.input(Revoked(SUWON))
    assert booth.all(Close) == [Close(asker, 4003), Close(holder, 4003)]
    assert booth.all(Disconnect) == [Disconnect(SUWON, 1)]
    assert booth.input(Closed(holder)) == ()
    reconnect(booth, SUWON, secret, 900)
    assert booth.booth.chair(SUWON).generation == 2, "the old secret proves nothing any more"
    assert booth.input(Revoked("room.booth-1.nowhere")) == ()
