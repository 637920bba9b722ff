"""What follows by itself, whatever the cause: a lost interpreter is off air, the phase follows who is there."""

from __future__ import annotations

from dataclasses import replace

from interpreter import turns
from signaling import microphones
from signaling.booth import Booth
from signaling.effects import Effect, Write
from signaling.ledger import note
from signaling.phases import FOLLOWS_PRESENCE, Phase, by_presence
from signaling.sound import speakers

Change = tuple[Booth, tuple[Effect, ...]]


def settle(before: Booth, booth: Booth, now: float) -> Change:
    """The booth with all that follows from the step that led there from `before`."""
    booth, cut = _interpreters(before, booth, now)
    booth, begun = _phase(booth)
    closed: tuple[Effect, ...] = ()
    if booth.phase is Phase.LIVE:
        booth = _speakers(before, booth)
    else:
        booth, closed = microphones.close_all(replace(booth, turns=turns.Turns()))
    booth, timed = _timers(before, booth, now)
    return booth, (*cut, *begun, *closed, *timed)


def _timers(before: Booth, booth: Booth, now: float) -> Change:
    """What runs down by itself is told when it begins, and when it is stopped before its time."""
    was, runs = before.turns, booth.turns
    if (was.gone, was.gone_until) == (runs.gone, runs.gone_until):
        return booth, ()
    if runs.gone_until is not None:
        booth, fact = note(booth, "timer", None, name="gone", seat=runs.gone, for_s=round(runs.gone_until - now, 3))
    elif was.gone_until is not None and was.gone_until > now:
        booth, fact = note(booth, "timer", None, name="gone", seat=was.gone, for_s=0.0)
    else:
        return booth, ()
    return booth, (Write((fact,)),)


def _interpreters(before: Booth, booth: Booth, now: float) -> Change:
    effects: tuple[Effect, ...] = ()
    for person in booth.consoles:
        chair = booth.interpreter_chair(person)
        was_connected = before.interpreter_chair(person).connected
        if was_connected and not chair.connected:
            booth, cut = microphones.cut_off(booth, person, now)
            effects += cut
        elif chair.connected and not was_connected:
            booth = replace(booth, turns=turns.returned(booth.turns, str(chair.seat)))
    return booth, effects


def _phase(booth: Booth) -> Change:
    if booth.phase not in FOLLOWS_PRESENCE:
        return booth, ()
    sites = [(booth.room_chair(site.id), booth.feed_chair(site.id)) for site in booth.plan.sites]
    phase = by_presence(
        present=sum(any(chair.present for chair in site) for site in sites),
        connected=sum(any(chair.connected for chair in site) for site in sites),
        sites=len(sites),
    )
    called = booth.epoch > 1  # somebody pressed `next`, and can press `start` once the next buyer is there
    unattended = not called and all(feed.connected for _, feed in sites)
    if phase is Phase.READY and (booth.plan.automatic or unattended):
        booth, fact = note(booth, "phase", None, phase=Phase.LIVE.value)
        return booth, (Write((fact,)),)
    return replace(booth, phase=phase), ()


def _speakers(before: Booth, booth: Booth) -> Booth:
    """Whoever begins to speak, or to be heard speaking, is the last speaker, and has taken the turn."""
    were, are = speakers(before), speakers(booth)
    begun = [site for site in are if site not in were]
    if begun:
        return replace(booth, last_speaker=begun[0], turns=turns.spoke(booth.turns))
    return replace(booth, last_speaker=are[0]) if len(are) == 1 else booth
