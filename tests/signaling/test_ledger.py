"""A booth told again from its facts stands where it stood."""

from __future__ import annotations

from signaling.facts import Fact
from signaling.ledger import restore
from signaling.phases import Phase
from tests.support.at_booth import DESK, HANOI, KIM, SUWON, AtBooth, plan


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
    after.facts = list(before.facts)
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
    ]
    after = restore(plan(), strange, 0.0, 0.0)
    assert after.sequence == 6
    assert (after.phase, after.consoles["kim"].to) == (Phase.EMPTY, "hanoi")
