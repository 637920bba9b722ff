"""Equipment at a booth: what sends for a site, what plays for it, and how it comes and goes."""

from __future__ import annotations

import pytest

from signaling.booth_view import Media
from signaling.effects import LINE_LOST, REPLACED, REVOKED, Admit, Close, Connect, Disconnect, View
from signaling.inputs import Failed, PictureRefused, Revoked, Speaking
from signaling.phases import Phase
from signaling.seats import Role, Seat, link_of, parse_seat
from tests.support.at_booth import (
    DESK,
    HANOI,
    HANOI_DISPLAY,
    HANOI_FEED,
    KIM,
    SUWON,
    SUWON_DISPLAY,
    SUWON_FEED,
    AtBooth,
)

SOUND_ONLY = '{"type": "offer", "sdp": "v=0\\r\\nm=audio 9 UDP/TLS/RTP/SAVPF 111\\r\\n"}'


def test_a_booth_whose_sites_are_both_held_by_equipment_goes_live_by_itself() -> None:
    booth = AtBooth(automatic=False)
    booth.join(SUWON_FEED)
    assert booth.view().phase is Phase.WAITING
    booth.join(HANOI_FEED)
    assert booth.view().phase is Phase.LIVE
    assert [fact.kind for fact in booth.facts] == ["phase"]


def test_after_a_change_over_equipment_waits_for_the_operator_who_called_it() -> None:
    booth = AtBooth(automatic=False)
    booth.join(DESK, SUWON_FEED, HANOI_FEED)
    assert booth.view().phase is Phase.LIVE
    booth.say(DESK, '{"type": "end"}')
    booth.say(DESK, '{"type": "next"}')
    assert booth.view().phase is Phase.READY
    assert (booth.gains(), booth.pictures()) == ({}, ()), "the next buyer is not heard yet"
    booth.lose(HANOI_FEED)
    booth.join(HANOI_FEED)
    assert booth.view().phase is Phase.READY, "nor when an encoder starts again"
    booth.say(DESK, '{"type": "start"}')
    assert booth.view().phase is Phase.LIVE


def test_a_booth_with_a_page_at_one_end_waits_for_its_operator() -> None:
    booth = AtBooth(automatic=False)
    booth.join(SUWON_FEED, HANOI)
    assert booth.view().phase is Phase.READY
    assert (booth.gains(), booth.pictures()) == ({}, ())


def test_a_display_gets_exact_pixels_while_the_page_beside_it_frames_for_itself() -> None:
    booth = AtBooth()
    booth.join(SUWON, HANOI, HANOI_DISPLAY)
    exact = {view.viewer: view.exact for view in booth.pictures()}
    assert exact == {SUWON: False, HANOI: False, HANOI_DISPLAY: True}


def test_a_room_page_beside_its_feed_is_the_screen_only() -> None:
    booth = AtBooth()
    booth.join(SUWON, HANOI)
    assert booth.view().sites["suwon"].equipment == ()
    booth.join(SUWON_FEED)
    assert booth.view().sites["suwon"].equipment == ("audio", "video")
    assert {source for _, source in booth.gains()} == {SUWON_FEED, HANOI}
    assert booth.gains()[HANOI, SUWON_FEED] == (0.0, 0.030)
    assert booth.gains()[SUWON, HANOI][0] == 0.0, "it hears as before"
    assert [(view.viewer, view.source) for view in booth.pictures()] == [(SUWON, HANOI), (HANOI, SUWON_FEED)]


def test_what_is_set_of_a_room_is_set_of_its_feed() -> None:
    booth = AtBooth()
    booth.join(SUWON, HANOI, KIM, DESK, SUWON_FEED)
    booth.say(DESK, '{"type": "set", "site": "suwon", "muted": true, "framing": "fit"}')
    assert not {SUWON, SUWON_FEED} & {source for _, source in booth.gains()}
    assert booth.pictures()[1] == View(HANOI, SUWON_FEED, 640, 512, "fit", exact=False)
    booth.say(DESK, '{"type": "set", "site": "suwon", "camera_off": true}')
    assert HANOI not in {view.viewer for view in booth.pictures()}


def test_equipment_that_sends_sound_only_leaves_the_room_its_camera() -> None:
    booth = AtBooth()
    booth.join(SUWON, HANOI)
    booth.hello(SUWON_FEED)
    booth.say(SUWON_FEED, SOUND_ONLY)
    assert booth.all(Connect)[0].audio == "sendonly"
    assert booth.all(Connect)[0].video is None
    booth.carry(SUWON_FEED)
    assert booth.view().sites["suwon"].equipment == ("audio",)
    assert (HANOI, SUWON_FEED) in booth.gains()
    assert booth.pictures()[1].source == SUWON


def test_the_far_side_speaks_and_is_the_last_speaker_through_its_feed() -> None:
    booth = AtBooth()
    booth.join(HANOI_FEED, SUWON)
    booth.input(Speaking(frozenset({HANOI_FEED})))
    assert booth.view().last_speaker == "hanoi"


@pytest.mark.parametrize("word", ["lost", "failed", "picture refused"])
def test_equipment_whose_line_is_gone_has_left_and_the_camera_of_the_page_is_back(word: str) -> None:
    booth = AtBooth()
    booth.join(SUWON, HANOI, SUWON_FEED)
    session = booth.sessions[SUWON_FEED]
    if word == "lost":
        booth.lose(SUWON_FEED)
    elif word == "failed":
        booth.input(Failed(SUWON_FEED, 1, "media_failed", "No."))
    else:
        booth.input(PictureRefused(SUWON_FEED, 1, "bad_picture", "Too large."))
    assert booth.all(Close) == [Close(session, LINE_LOST)]
    assert Disconnect(SUWON_FEED, 1) in booth.effects
    assert booth.chair_session(SUWON_FEED) is None
    assert booth.view().sites["suwon"].equipment == ()
    assert (HANOI, SUWON) in booth.gains()
    assert booth.pictures()[1].source == SUWON
    assert booth.view().sites["suwon"].media is Media.CONNECTED


def test_a_site_that_only_had_its_feed_is_lost_with_it() -> None:
    booth = AtBooth()
    booth.join(SUWON_FEED, HANOI)
    booth.lose(SUWON_FEED)
    site = booth.view().sites["suwon"]
    assert (site.present, site.media, booth.view().phase) == (False, Media.LOST, Phase.LIVE)


def test_a_restarted_encoder_takes_its_seat_at_once() -> None:
    booth = AtBooth()
    booth.join(SUWON_FEED, HANOI)
    first = booth.sessions[SUWON_FEED]
    second = booth.hello(SUWON_FEED)
    assert booth.all(Close) == [Close(first, REPLACED)]
    assert booth.all(Disconnect) == [Disconnect(SUWON_FEED, 1)]
    assert booth.all(Admit)[0].session == second
    booth.connect(SUWON_FEED)
    assert booth.view().sites["suwon"].equipment == ("audio", "video")


def test_equipment_that_leaves_has_no_grace() -> None:
    booth = AtBooth()
    booth.join(SUWON_FEED, SUWON_DISPLAY, HANOI)
    booth.leave(SUWON_DISPLAY)
    assert booth.all(Disconnect) == [Disconnect(SUWON_DISPLAY, 1)]
    booth.leave(SUWON_FEED)
    assert not booth.view().sites["suwon"].present


def test_displays_play_and_show_what_their_room_would() -> None:
    booth = AtBooth()
    booth.join(SUWON_FEED, HANOI_FEED, KIM, DESK, HANOI_DISPLAY)
    assert View(HANOI_DISPLAY, SUWON_FEED, 640, 512, "fill", exact=True) in booth.pictures()
    assert booth.gains()[HANOI_DISPLAY, SUWON_FEED][0] == 0.0
    assert (HANOI_DISPLAY, HANOI_FEED) not in booth.gains()
    booth.say(DESK, '{"type": "pause"}')
    assert (booth.gains(), booth.pictures()) == ({}, ())


def test_an_interpreter_is_heard_where_somebody_listens() -> None:
    booth = AtBooth()
    booth.join(SUWON_FEED, HANOI_FEED, KIM)
    assert booth.view().interpreters["kim"].heard_by == ()
    booth.join(HANOI_DISPLAY)
    assert booth.view().interpreters["kim"].heard_by == ("hanoi",)


def test_a_display_makes_nobody_present() -> None:
    booth = AtBooth()
    booth.join(SUWON_DISPLAY)
    assert booth.view().phase is Phase.EMPTY


def test_revoking_the_link_of_a_room_puts_its_equipment_out() -> None:
    booth = AtBooth()
    booth.join(SUWON, HANOI, SUWON_FEED, SUWON_DISPLAY, HANOI_FEED)
    booth.input(Revoked(SUWON))
    gone = {booth.sessions[seat] for seat in (SUWON, SUWON_FEED, SUWON_DISPLAY)}
    assert {close.session for close in booth.all(Close)} == gone
    assert {close.code for close in booth.all(Close)} == {REVOKED}
    assert booth.chair_session(HANOI_FEED) is not None


def test_equipment_comes_in_by_the_link_of_its_room() -> None:
    assert link_of(parse_seat(SUWON_FEED)) == Seat(Role.ROOM, "booth-1", "suwon")
    assert link_of(parse_seat(HANOI_DISPLAY)) == Seat(Role.ROOM, "booth-1", "hanoi")
    assert link_of(parse_seat(KIM)) == parse_seat(KIM)
