"""A booth told again from its facts stands where it stood."""

from __future__ import annotations

import json

import pytest

from interpreter.turns import Lamp, Turns
from signaling.booth_view import Media
from signaling.effects import Admit
from signaling.facts import Fact
from signaling.inputs import Revoked
from signaling.ledger import restore
from signaling.phases import Phase
from signaling.replies import SeatTaken
from tests.support.at_booth import DESK, HANOI, KIM, SUWON, SUWON_FEED, AtBooth, plan


def test_after_a_restart_a_live_consultation_is_live_with_its_settings_and_nobody_on_air() -> None:
    before = AtBooth()
    before.join(SUWON, HANOI, KIM, DESK)
    before.say(DESK, '{"type": "mode", "mode": "simultaneous"}')
    before.say(DESK, '{"type": "set", "site": "suwon", "volume_db": -12, "framing": "fit"}')
    before.say(KIM, '{"type": "direction", "to": "suwon"}')
    before.say(KIM, '{"type": "on_air", "on": true}')
    after = restore(plan(), before.facts, 0.0, 0.0)
    assert (after.phase, after.epoch, after.mode, after.rooms) == (
        *(Phase.LIVE, 1, before.booth.mode),
        before.booth.rooms,
    )
    assert (after.consoles["kim"].to, after.consoles["kim"].on_air) == ("suwon", False)
    assert after.sequence == len(before.facts)


def test_rooms_that_come_back_after_a_restart_are_in_the_live_consultation() -> None:
    before = AtBooth(automatic=False)
    before.join(SUWON, HANOI, DESK)
    before.say(DESK, '{"type": "start"}')
    after = AtBooth(automatic=False, facts=before.facts)
    after.join(SUWON, HANOI)
    assert after.view().phase is Phase.LIVE
    assert (HANOI, SUWON) in after.gains()


def test_paused_and_ended_and_the_epoch_survive_and_a_new_one_begins_empty() -> None:
    booth = AtBooth(automatic=False)
    booth.join(SUWON, HANOI, DESK)
    booth.say(DESK, '{"type": "start"}')
    booth.say(DESK, '{"type": "pause"}')
    assert restore(plan(), booth.facts, 0.0, 0.0).phase is Phase.PAUSED
    booth.say(DESK, '{"type": "end"}')
    assert restore(plan(), booth.facts, 0.0, 0.0).phase is Phase.ENDED
    booth.say(DESK, '{"type": "next"}')
    after = restore(plan(), booth.facts, 0.0, 0.0)
    assert (after.phase, after.epoch) == (Phase.EMPTY, 2)


def test_facts_that_the_event_no_longer_knows_change_nothing() -> None:
    strange = [
        Fact("booth-1", 1, 1, "set", {"site": "seoul", "muted": True, "by": None}),
        Fact("booth-1", 1, 2, "direction", {"person": "nobody", "to": "suwon", "by": None}),
        Fact("booth-1", 1, 3, "direction", {"person": "kim", "to": "seoul", "by": None}),
        Fact("booth-1", 1, 4, "mode", {"mode": "whisper", "by": None}),
        Fact("booth-1", 1, 5, "phase", {}),
        Fact("booth-1", 1, 6, "record", {"amount": 5}),
        Fact("booth-1", 1, 7, "seat", {"seat": "room.booth-1.seoul", "generation": 1, "resume": "x", "earlier": ""}),
        Fact("booth-1", 1, 8, "seat", {"seat": "no seat", "generation": 1, "resume": "x", "earlier": ""}),
        Fact("booth-1", 1, 9, "timer", {"name": "tea", "for_s": 1.0}),
    ]
    after = restore(plan(), strange, 0.0, 0.0)
    assert after.sequence == 9
    assert after.chairs == {}
    assert (after.phase, after.consoles["kim"].to) == (Phase.EMPTY, "hanoi")


def test_a_holder_comes_back_after_a_restart_and_the_next_generation_is_a_new_one() -> None:
    before = AtBooth()
    before.join(SUWON, HANOI)
    before.say(SUWON, json.dumps({"type": "reconnect", "seat": SUWON, "resume": ""}))
    after = AtBooth(facts=before.facts)
    after.say(SUWON, json.dumps({"type": "reconnect", "seat": SUWON, "resume": before.secrets[SUWON]}), 900)
    assert [(admit.session, admit.generation) for admit in after.all(Admit)] == [(900, 3)]
    assert not any(before.secrets[SUWON] in str(fact.body) for fact in before.facts), "digests only"


def test_after_a_restart_the_older_secret_serves_whose_newer_one_was_lost_with_the_welcome() -> None:
    before = AtBooth()
    before.join(SUWON)
    first = before.secrets[SUWON]
    before.say(SUWON, json.dumps({"type": "reconnect", "seat": SUWON, "resume": first}))
    after = AtBooth(facts=before.facts)
    after.say(SUWON, json.dumps({"type": "reconnect", "seat": SUWON, "resume": first}), 900)
    assert after.chair_session(SUWON) == 900


def test_after_a_restart_a_seat_waits_for_its_holder_and_then_for_whoever_asked_first() -> None:
    before = AtBooth()
    before.join(SUWON)
    after = AtBooth(facts=before.facts)
    other, newcomer = after.hello(SUWON), after.hello(HANOI)
    assert after.chair_session(HANOI) == newcomer, "nobody ever had that one"
    assert after.sent(other) == []
    assert after.booth.askers.keys() == {other}
    assert [e for e in after.wait(4.9) if isinstance(e, Admit)] == []
    assert [e.session for e in after.wait(0.2) if isinstance(e, Admit)] == [other]
    again = after.hello(SUWON)
    assert SeatTaken(SUWON) in after.sent(again)


def test_who_waits_after_a_restart_may_take_over_at_once_and_the_holder_wins_meanwhile() -> None:
    before = AtBooth()
    before.join(SUWON, HANOI)
    after = AtBooth(facts=before.facts)
    suwon, hanoi = after.hello(SUWON), after.hello(HANOI)
    after.say(HANOI, '{"type": "take_over"}', hanoi)
    assert after.chair_session(HANOI) == hanoi
    after.say(SUWON, json.dumps({"type": "reconnect", "seat": SUWON, "resume": before.secrets[SUWON]}), 900)
    assert after.chair_session(SUWON) == 900
    assert [e for e in after.wait(10.0) if isinstance(e, Admit)] == []
    assert suwon in after.booth.askers


def test_a_revoked_seat_is_nobodys_after_a_restart() -> None:
    before = AtBooth()
    before.join(SUWON)
    before.input(Revoked(SUWON))
    after = AtBooth(facts=before.facts)
    newcomer = after.hello(SUWON)
    assert after.chair_session(SUWON) == newcomer


def test_equipment_leaves_no_seat_behind() -> None:
    before = AtBooth()
    before.join(SUWON_FEED)
    assert before.told("seat") == []


def test_in_a_consultation_that_goes_on_the_rooms_are_missed_and_not_awaited() -> None:
    before = AtBooth(automatic=False)
    before.join(SUWON, HANOI, KIM, DESK)
    assert {site.media for site in AtBooth(facts=before.facts).view().sites.values()} == {Media.NONE}
    for command in ("start", "end", "next"):
        before.say(DESK, f'{{"type": "{command}"}}')
    before.leave(KIM)
    before.wait(4.0)
    before.say(DESK, '{"type": "start"}')
    after = AtBooth(facts=before.facts).view()
    assert {site.media for site in after.sites.values()} == {Media.LOST}
    assert after.interpreters["kim"].media is Media.NONE, "of this consultation nobody misses kim"


@pytest.mark.parametrize(
    ("passed_s", "left_s"), [(0.0, 120.0), (30.0, 90.0), (119.0, 1.0), (3600.0, None), (-3600.0, 120.0)]
)
def test_the_lamps_go_on_telling_of_a_lost_interpreter_for_what_is_left_of_it(
    passed_s: float, left_s: float | None
) -> None:
    before = AtBooth()
    before.join(SUWON, HANOI, KIM)
    before.say(KIM, '{"type": "on_air", "on": true}')
    before.lose(KIM)
    after = restore(plan(), before.facts, before.now + passed_s, 50.0)
    assert after.turns == (Turns() if left_s is None else Turns(gone=KIM, gone_until=50.0 + left_s))


def test_the_lamps_say_nothing_of_an_interpreter_who_is_back() -> None:
    before = AtBooth()
    before.join(SUWON, HANOI, KIM)
    before.lose(KIM)
    assert before.view().sites["suwon"].lamp is Lamp.GONE
    before.carry(KIM)
    assert restore(plan(), before.facts, before.now, 0.0).turns == Turns()
    assert [fact.body["for_s"] for fact in before.told("timer")] == [120.0, 0.0]
