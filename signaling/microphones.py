"""Interpreters' microphones that close by themselves, for whatever reason."""

from __future__ import annotations

from dataclasses import replace

from interpreter import turns
from signaling.booth import Booth
from signaling.effects import Effect, Write
from signaling.ledger import note
from signaling.phases import Phase

Change = tuple[Booth, tuple[Effect, ...]]


def close(booth: Booth, person: str | None) -> Change:
    """Off air, until they press the key again; nothing for those who are off air, or are no interpreters."""
    if person is None or person not in booth.consoles or not booth.consoles[person].on_air:
        return booth, ()
    booth, fact = note(booth, "on_air", None, person=person, on=False)
    return booth, (Write((fact,)),)


def close_all(booth: Booth) -> Change:
    """Nobody is on air outside a live consultation."""
    effects: tuple[Effect, ...] = ()
    for person in booth.consoles:
        booth, closed = close(booth, person)
        effects += closed
    return booth, effects


def cut_off(booth: Booth, person: str, now: float) -> Change:
    """An interpreter's media is gone: off air, and the lamps say so when it was the voice that people relied on."""
    relied_on = booth.consoles[person].on_air or not any(
        booth.interpreter_chair(other).connected for other in booth.consoles
    )
    booth, closed = close(booth, person)
    if relied_on and booth.phase is Phase.LIVE:
        seat = str(booth.interpreter_chair(person).seat)
        booth = replace(booth, turns=turns.lost(booth.turns, seat, now))
    return booth, closed
