"""What the state of a booth means for ears and lamps: ramps, who spoke, whose turn it is."""

from __future__ import annotations

from interpreter.turns import Lamp
from signaling.booth_view import Proposal
from signaling.effects import Route
from signaling.inputs import Speaking
from tests.support.at_booth import DESK, HANOI, KIM, LEE, SUWON, AtBooth


def live(*, mode: str = "liaison") -> AtBooth:
    booth = AtBooth()
    booth.join(SUWON, HANOI, KIM, DESK)
    booth.say(DESK, f'{{"type": "mode", "mode": "{mode}"}}')
    return booth


def on_air(booth: AtBooth, *, on: bool = True, seat: str = KIM) -> None:
    booth.say(seat, f'{{"type": "on_air", "on": {str(on).lower()}}}')


def speak(booth: AtBooth, *seats: str) -> None:
    booth.input(Speaking(frozenset(seats)))


def lamps(booth: AtBooth) -> tuple[Lamp, Lamp]:
    sites = booth.view().sites
    return sites["suwon"].lamp, sites["hanoi"].lamp


def test_simultaneous_ducks_within_120_ms_and_releases_over_one_and_a_half_seconds() -> None:
    booth = live(mode="simultaneous")
    on_air(booth)
    assert booth.gains()[HANOI, SUWON] == (-18.0, 0.120)
    assert booth.gains()[HANOI, KIM] == (0.0, 0.030)
    assert booth.gains()[SUWON, HANOI] == (0.0, 0.030), "a cell that stays keeps its old ramp"
    on_air(booth, on=False)
    assert booth.gains()[HANOI, SUWON] == (0.0, 1.5)
    assert (HANOI, KIM) not in booth.gains()


def test_gains_that_did_not_change_are_not_sent_again() -> None:
    booth = live()
    speak(booth, SUWON)
    assert booth.all(Route) == []


def test_a_turned_direction_swaps_who_is_ducked_and_who_hears_the_interpreter() -> None:
    booth = live(mode="simultaneous")
    on_air(booth)
    assert booth.view().interpreters["kim"].heard_by == ("hanoi",)
    booth.say(KIM, '{"type": "direction", "to": "suwon"}')
    assert booth.gains()[HANOI, SUWON] == (0.0, 1.5)
    assert booth.gains()[SUWON, HANOI] == (-18.0, 0.120)
    assert (HANOI, KIM) not in booth.gains()
    assert booth.view().interpreters["kim"].heard_by == ("suwon",)
    assert (booth.view().interpreters["kim"].from_, booth.view().interpreters["kim"].to) == ("hanoi", "suwon")


def test_only_connected_rooms_hear() -> None:
    booth = live()
    assert booth.view().interpreters["kim"].heard_by == ("suwon", "hanoi")
    booth.lose(HANOI)
    assert booth.view().interpreters["kim"].heard_by == ("suwon",)
    booth.lose(KIM)
    assert booth.view().interpreters["kim"].heard_by == ()


def test_a_lost_interpreter_is_off_air_the_floor_comes_back_and_both_lamps_say_so() -> None:
    booth = live(mode="simultaneous")
    on_air(booth)
    booth.lose(KIM)
    assert not booth.view().interpreters["kim"].on_air
    assert booth.gains()[HANOI, SUWON] == (0.0, 1.5)
    assert lamps(booth) == (Lamp.GONE, Lamp.GONE)
    assert booth.told("on_air")[-1].body == {"person": "kim", "on": False, "by": None}
    booth.carry(KIM)
    assert lamps(booth) == (Lamp.OPEN, Lamp.OPEN)
    assert not booth.view().interpreters["kim"].on_air


def test_an_interpreter_whose_page_was_killed_is_lost_within_three_seconds_and_returns_off_air() -> None:
    booth = live()
    booth.say(KIM, '{"type": "direction", "to": "suwon"}')
    on_air(booth)
    booth.leave(KIM)
    assert booth.view().interpreters["kim"].on_air
    booth.wait(3.0)
    assert lamps(booth) == (Lamp.GONE, Lamp.GONE)
    booth.sessions[KIM] = booth.hello(KIM)
    booth.connect(KIM)
    kim = booth.view().interpreters["kim"]
    assert (kim.on_air, kim.to, lamps(booth)) == (False, "suwon", (Lamp.OPEN, Lamp.OPEN))


def test_an_interpreter_who_comes_back_on_a_fresh_socket_is_off_air_at_once() -> None:
    booth = live()
    on_air(booth)
    secret = booth.secrets[KIM]
    booth.leave(KIM)
    booth.say(KIM, f'{{"type": "reconnect", "seat": "{KIM}", "resume": "{secret}"}}', 900)
    assert not booth.view().interpreters["kim"].on_air
    assert (HANOI, KIM) not in booth.gains()


def test_an_interpreter_whose_media_is_renewed_in_time_goes_on_speaking() -> None:
    booth = live()
    on_air(booth)
    secret = booth.secrets[KIM]
    booth.say(KIM, f'{{"type": "reconnect", "seat": "{KIM}", "resume": "{secret}"}}')
    booth.connect(KIM)
    assert booth.view().interpreters["kim"].on_air


def test_the_loss_of_a_partner_standing_by_alarms_nobody() -> None:
    booth = live()
    booth.join(LEE)
    on_air(booth)
    booth.lose(LEE)
    assert lamps(booth) == (Lamp.WAIT, Lamp.WAIT)
    on_air(booth, on=False)
    booth.lose(KIM)
    assert lamps(booth) == (Lamp.GONE, Lamp.GONE), "now there is nobody left"


def test_after_the_interpretation_the_listeners_are_invited_until_somebody_speaks() -> None:
    booth = live()
    on_air(booth)
    assert lamps(booth) == (Lamp.WAIT, Lamp.WAIT)
    on_air(booth, on=False)
    assert lamps(booth) == (Lamp.OPEN, Lamp.YOU)
    speak(booth, HANOI)
    assert lamps(booth) == (Lamp.OPEN, Lamp.OPEN)


def test_nobody_is_invited_while_somebody_speaks() -> None:
    booth = live()
    on_air(booth)
    speak(booth, SUWON)
    on_air(booth, on=False)
    assert lamps(booth) == (Lamp.OPEN, Lamp.OPEN)


def test_an_invitation_lasts_eight_seconds() -> None:
    booth = live()
    on_air(booth)
    on_air(booth, on=False)
    booth.wait(7.9)
    assert lamps(booth) == (Lamp.OPEN, Lamp.YOU)
    booth.wait(0.2)
    assert lamps(booth) == (Lamp.OPEN, Lamp.OPEN)


def test_the_last_speaker_proposes_the_direction() -> None:
    booth = live()
    speak(booth, SUWON)
    assert (booth.view().last_speaker, booth.view().proposal) == ("suwon", None)
    speak(booth, SUWON, HANOI)
    assert booth.view().last_speaker == "hanoi", "who began last"
    assert booth.view().proposal == Proposal("hanoi", "suwon")
    speak(booth, SUWON)
    assert (booth.view().last_speaker, booth.view().proposal) == ("suwon", None)
    speak(booth, HANOI)
    booth.say(KIM, '{"type": "direction", "to": "suwon"}')
    assert booth.view().proposal is None


def test_muted_rooms_interpreters_and_empty_floors_do_not_count_as_speakers() -> None:
    booth = live()
    booth.say(DESK, '{"type": "set", "site": "suwon", "muted": true}')
    speak(booth, SUWON, KIM)
    assert booth.view().last_speaker is None
    booth.say(DESK, '{"type": "pause"}')
    speak(booth, HANOI)
    assert booth.view().last_speaker is None


def test_whoever_was_speaking_already_counts_when_the_consultation_begins_or_the_room_is_unmuted() -> None:
    booth = AtBooth()
    booth.join(SUWON, KIM, DESK)
    speak(booth, SUWON)
    assert booth.view().last_speaker is None
    booth.join(HANOI)
    assert booth.view().last_speaker == "suwon"
    booth.say(DESK, '{"type": "set", "site": "suwon", "muted": true}')
    speak(booth, SUWON, HANOI)
    assert booth.view().last_speaker == "hanoi"
    booth.say(DESK, '{"type": "set", "site": "suwon", "muted": false}')
    assert booth.view().last_speaker == "suwon"
