"""Commands: who may give which, when; what each changes, and that a refused one changes nothing."""

from __future__ import annotations

import pytest

from interpreter.modes import Mode
from signaling.booth_view import Media
from signaling.phases import TRANSITIONS, Phase
from signaling.replies import Ok
from signaling.requests import Framing
from tests.support.at_booth import DESK, FAR_DESK, HANOI, KIM, LEE, SEATS, SUWON, TECHNICIAN, AtBooth

MAY = {
    '{"type": "start"}': {DESK, FAR_DESK, TECHNICIAN},
    '{"type": "pause"}': {DESK, FAR_DESK, TECHNICIAN},
    '{"type": "resume"}': {DESK, FAR_DESK, TECHNICIAN},
    '{"type": "end"}': {DESK, FAR_DESK, TECHNICIAN},
    '{"type": "next"}': {DESK, FAR_DESK, TECHNICIAN},
    '{"type": "set", "site": "suwon", "muted": true}': {DESK, TECHNICIAN},
    '{"type": "set", "site": "hanoi", "volume_db": 3}': {FAR_DESK, TECHNICIAN},
    '{"type": "mode", "mode": "simultaneous"}': {KIM, LEE, DESK, FAR_DESK, TECHNICIAN},
    '{"type": "on_air", "on": true}': {KIM, LEE},
    '{"type": "cough", "on": true}': {KIM, LEE},
    '{"type": "direction", "to": "suwon"}': {KIM, LEE},
}
REACH = {
    Phase.EMPTY: [],
    Phase.WAITING: [],
    Phase.READY: [],
    Phase.LIVE: ["start"],
    Phase.PAUSED: ["start", "pause"],
    Phase.ENDED: ["start", "end"],
}


def booth_in(phase: Phase) -> AtBooth:
    booth = AtBooth(automatic=False)
    booth.join(KIM, LEE, DESK, FAR_DESK, TECHNICIAN)
    booth.join(*{Phase.EMPTY: (), Phase.WAITING: (SUWON,)}.get(phase, (SUWON, HANOI)))
    for command in REACH[phase]:
        booth.say(DESK, f'{{"type": "{command}"}}')
    assert booth.view().phase is phase
    return booth


@pytest.mark.parametrize("text", MAY)
@pytest.mark.parametrize("seat", SEATS)
def test_a_command_is_obeyed_from_those_who_may_give_it_only(text: str, seat: str) -> None:
    booth = booth_in(Phase.LIVE)
    if seat not in booth.sessions:
        booth.join(seat)
    before, written = booth.booth, len(booth.facts)
    booth.say(seat, text)
    assert ("not_allowed" in booth.codes(seat)) is (seat not in MAY[text])
    if seat not in MAY[text]:
        assert booth.booth == before
        assert len(booth.facts) == written


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("command", ["start", "pause", "resume", "end", "next"])
def test_the_lifecycle_has_these_ways_and_no_others(command: str, phase: Phase) -> None:
    booth = booth_in(phase)
    before = booth.booth
    booth.say(TECHNICIAN, f'{{"type": "{command}", "id": "c1"}}')
    if (command, phase) in TRANSITIONS:
        assert Ok("c1") in booth.sent(TECHNICIAN)
        assert booth.view().phase is (Phase.READY if command == "next" else TRANSITIONS[command, phase])
    else:
        assert booth.codes(TECHNICIAN) == ["wrong_phase"]
        assert booth.booth == before


def test_settings_of_a_room_are_set_one_by_one() -> None:
    booth = booth_in(Phase.EMPTY)
    booth.say(DESK, '{"type": "set", "site": "suwon", "muted": true, "volume_db": -6.5}')
    booth.say(DESK, '{"type": "set", "site": "suwon", "framing": "fit", "camera_off": true}')
    site = booth.view().sites["suwon"]
    assert (site.muted, site.camera_off, site.volume_db, site.framing) == (True, True, -6.5, Framing.FIT)
    assert booth.facts[-1].body == {"site": "suwon", "camera_off": True, "framing": "fit", "by": DESK}
    booth.say(DESK, '{"type": "set", "site": "suwon", "muted": false}')
    site = booth.view().sites["suwon"]
    assert (site.muted, site.camera_off, site.volume_db, site.framing) == (False, True, -6.5, Framing.FIT)


@pytest.mark.parametrize(
    "text", ['{"type": "set", "site": "seoul", "muted": true}', '{"type": "direction", "to": "seoul"}']
)
def test_a_site_that_the_booth_does_not_have_is_refused(text: str) -> None:
    booth = booth_in(Phase.LIVE)
    seat = TECHNICIAN if "set" in text else KIM
    booth.say(seat, text)
    assert booth.codes(seat) == ["bad_message"]


def test_an_operator_is_told_that_another_sites_room_is_not_theirs() -> None:
    booth = booth_in(Phase.LIVE)
    booth.say(DESK, '{"type": "set", "id": "c9", "site": "hanoi", "muted": true}')
    assert booth.codes(DESK) == ["not_allowed"]
    assert not booth.view().sites["hanoi"].muted


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.LIVE])
def test_a_microphone_opens_in_a_live_consultation_only(phase: Phase) -> None:
    booth = booth_in(phase)
    booth.say(KIM, '{"type": "on_air", "on": true}')
    assert booth.codes(KIM) == ["wrong_phase"]
    booth.say(KIM, '{"type": "on_air", "id": "c1", "on": false}')
    assert booth.sent(KIM) == [Ok("c1")], "closing what is closed is fine"


def test_one_microphone_at_a_time() -> None:
    booth = booth_in(Phase.LIVE)
    booth.say(KIM, '{"type": "on_air", "on": true}')
    booth.say(LEE, '{"type": "on_air", "on": true}')
    assert booth.codes(LEE) == ["partner_on_air"]
    booth.say(KIM, '{"type": "on_air", "on": false}')
    booth.say(LEE, '{"type": "on_air", "on": true}')
    assert {name: each.on_air for name, each in booth.view().interpreters.items()} == {"kim": False, "lee": True}


def test_a_microphone_without_media_stays_closed() -> None:
    booth = booth_in(Phase.LIVE)
    booth.lose(KIM)
    assert booth.view().interpreters["kim"].media is Media.LOST
    booth.say(KIM, '{"type": "on_air", "on": true}')
    assert booth.codes(KIM) == ["no_media"]


def test_a_cough_mutes_for_three_seconds_at_most() -> None:
    booth = booth_in(Phase.LIVE)
    booth.say(KIM, '{"type": "cough", "on": true}')
    assert booth.codes(KIM) == ["off_air"]
    booth.say(KIM, '{"type": "on_air", "on": true}')
    booth.say(KIM, '{"type": "cough", "on": true}')
    assert (HANOI, KIM) not in booth.gains()
    assert booth.gains()[HANOI, SUWON] == (-9.0, 0.120)
    booth.wait(2.0)
    booth.say(KIM, '{"type": "cough", "on": true}')
    assert booth.wait(0.9) == []
    booth.wait(0.2)
    assert booth.gains()[HANOI, KIM] == (0.0, 0.030)
    assert not booth.view().interpreters["kim"].cough


def test_a_released_cough_key_opens_the_microphone_again() -> None:
    booth = booth_in(Phase.LIVE)
    booth.say(KIM, '{"type": "on_air", "on": true}')
    booth.say(KIM, '{"type": "cough", "on": true}')
    booth.say(KIM, '{"type": "cough", "id": "c1", "on": false}')
    assert Ok("c1") in booth.sent(KIM)
    assert (HANOI, KIM) in booth.gains()


def test_the_mode_is_changed_at_any_time_and_the_routing_follows() -> None:
    booth = booth_in(Phase.LIVE)
    booth.say(KIM, '{"type": "on_air", "on": true}')
    assert booth.gains()[SUWON, HANOI] == (-9.0, 0.120)
    booth.say(DESK, '{"type": "mode", "mode": "simultaneous"}')
    assert booth.view().mode is Mode.SIMULTANEOUS
    assert booth.gains()[SUWON, HANOI] == (0.0, 1.5)
    assert booth.gains()[HANOI, SUWON] == (-18.0, 0.120)


def test_a_command_without_a_name_is_answered_by_the_state_alone() -> None:
    booth = booth_in(Phase.LIVE)
    booth.say(DESK, '{"type": "pause"}')
    assert booth.sent(DESK) == [booth.view()]
