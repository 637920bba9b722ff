"""Small pictures of the rooms: sent only while somebody sees them, by the pages whose cameras are seen, to who may."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signaling.booth import Booth
from signaling.errors import RemoteError
from signaling.inputs import Shed
from signaling.replies import Ok
from signaling.seats import Seat, parse_seat
from signaling.thumbnails import demand_sender, demand_viewer, sender
from tests.support.at_booth import DESK, HANOI, KIM, SUWON, SUWON_FEED, TECHNICIAN, AtBooth

WATCH = '{"type": "watch", "on": true, "id": "w"}'
ENOUGH = '{"type": "watch", "on": false}'


@pytest.fixture
def at() -> AtBooth:
    booth = AtBooth()
    booth.join(SUWON, HANOI, KIM, TECHNICIAN, DESK)
    return booth


def refusal(demand: Callable[[Booth, Seat], object], at: AtBooth, seat: str) -> str:
    with pytest.raises(RemoteError) as refused:
        demand(at.booth, parse_seat(seat))
    return refused.value.code


def test_pages_send_only_while_somebody_watches(at: AtBooth) -> None:
    assert not at.view().thumbnails
    assert refusal(demand_sender, at, SUWON) == "not_wanted"
    at.say(KIM, WATCH)
    assert at.sent(KIM)[0] == Ok("w")
    assert at.view() in at.sent(SUWON), "its page is told"
    assert at.view().thumbnails
    assert demand_sender(at.booth, parse_seat(SUWON)) == at.booth.chair(SUWON).generation
    at.say(KIM, ENOUGH)
    assert not at.view().thumbnails
    assert refusal(demand_sender, at, SUWON) == "not_wanted"


def test_a_wish_is_no_fact_to_be_written(at: AtBooth) -> None:
    written = len(at.facts)
    at.say(KIM, WATCH)
    assert len(at.facts) == written


@pytest.mark.parametrize("seat", [SUWON, DESK])
def test_rooms_and_operators_have_no_such_wish(at: AtBooth, seat: str) -> None:
    at.say(seat, WATCH)
    assert at.codes(seat) == ["not_allowed"]
    assert refusal(demand_viewer, at, seat) == "not_allowed"


def test_an_interpreter_sees_the_rooms_while_live_only_and_a_technician_always(at: AtBooth) -> None:
    at.say(KIM, WATCH)
    demand_viewer(at.booth, parse_seat(KIM))
    at.say(DESK, '{"type": "end"}')
    assert not at.view().thumbnails
    assert refusal(demand_viewer, at, KIM) == "not_wanted"
    at.say(TECHNICIAN, WATCH)
    assert at.view().thumbnails
    demand_viewer(at.booth, parse_seat(TECHNICIAN))
    assert refusal(demand_viewer, at, KIM) == "not_wanted", "still not"


def test_a_wish_ends_with_its_socket_and_outlives_a_new_connection_on_the_open_one(at: AtBooth) -> None:
    at.say(KIM, WATCH)
    again = f'{{"type": "reconnect", "seat": "{KIM}", "resume": "{at.secrets[KIM]}"}}'
    at.say(KIM, again)
    assert at.view().thumbnails
    at.leave(KIM)
    assert not at.view().thumbnails
    assert refusal(demand_viewer, at, KIM) == "not_wanted"
    at.say(KIM, again, session=77)
    assert not at.view().thumbnails, "whoever it is now has not asked"


def test_a_camera_that_is_off_or_equipments_is_not_to_be_sent(at: AtBooth) -> None:
    at.say(TECHNICIAN, WATCH)
    at.say(DESK, '{"type": "set", "site": "suwon", "camera_off": true}')
    assert sender(at.booth, "suwon") is None
    assert sender(at.booth, "hanoi") is not None
    at.say(DESK, '{"type": "set", "site": "suwon", "camera_off": false}')
    at.join(SUWON_FEED)
    assert refusal(demand_sender, at, SUWON) == "not_wanted"


def test_nobody_is_asked_for_any_while_the_machine_leaves_them_out(at: AtBooth) -> None:
    at.say(KIM, WATCH)
    at.input(Shed(("thumbnails",)))
    assert at.view().shed == ("thumbnails",)
    assert not at.view().thumbnails
    assert refusal(demand_sender, at, SUWON) == "not_wanted"
    at.input(Shed(()))
    assert at.view().thumbnails, "the wish was not forgotten"


def test_a_paused_picture_leaves_every_gain_as_it_is_and_comes_back(at: AtBooth) -> None:
    before, gains = at.pictures(), at.gains()
    at.input(Shed(("thumbnails", "picture")))
    assert before
    assert at.pictures() == ()
    assert at.gains() == gains
    assert at.view().phase == "live"
    at.input(Shed(()))
    assert at.pictures() == before


def test_only_the_page_that_has_the_seat_sends(at: AtBooth) -> None:
    at.say(KIM, WATCH)
    assert refusal(demand_sender, at, KIM) == "not_allowed"
    at.leave(SUWON)
    assert refusal(demand_sender, at, SUWON) == "not_wanted"
