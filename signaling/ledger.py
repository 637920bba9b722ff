"""Facts and the booth: a change that counts is a fact first, and a booth can be told again from its facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from interpreter.modes import Mode
from signaling.booth import Booth, Plan, opened, put
from signaling.facts import Fact, FactValue
from signaling.phases import FOLLOWS_PRESENCE, Phase
from signaling.requests import Framing

Noted = tuple[Booth, Fact]


def note(booth: Booth, kind: str, by: str | None, /, **body: FactValue) -> Noted:
    """The booth in which that is true, and the fact to write before anybody acts on it."""
    epoch = booth.epoch + (kind == "phase" and body["phase"] == Phase.EMPTY)
    fact = Fact(booth.plan.booth, epoch, booth.sequence + 1, kind, {**body, "by": by})
    return apply(booth, fact), fact


def apply(booth: Booth, fact: Fact) -> Booth:
    """The booth after a fact. One that names what the event no longer has, or no longer knows, changes nothing."""
    booth = replace(booth, epoch=fact.epoch, sequence=fact.sequence)
    try:
        return _applied(booth, fact)
    except (KeyError, ValueError):
        return booth


def restore(plan: Plan, facts: Iterable[Fact]) -> Booth:
    """The booth as its facts left it, with nobody in it: a live consultation stays live, microphones are closed."""
    booth = opened(plan)
    for fact in facts:
        booth = apply(booth, fact)
    if booth.phase in FOLLOWS_PRESENCE:
        booth = replace(booth, phase=Phase.EMPTY)
    closed = {person: replace(console, on_air=False) for person, console in booth.consoles.items()}
    return replace(booth, consoles=closed)


def _applied(booth: Booth, fact: Fact) -> Booth:
    body = fact.body
    match fact.kind:
        case "phase":
            return replace(booth, phase=Phase(str(body["phase"])))
        case "mode":
            return replace(booth, mode=Mode(str(body["mode"])))
        case "set":
            site = str(body["site"])
            room = booth.rooms[site]
            room = replace(
                room,
                muted=bool(body.get("muted", room.muted)),
                camera_off=bool(body.get("camera_off", room.camera_off)),
                volume_db=float(body.get("volume_db", room.volume_db) or 0.0),
                framing=Framing(str(body.get("framing", room.framing))),
            )
            return replace(booth, rooms=put(booth.rooms, site, room))
        case "direction":
            person, to = str(body["person"]), str(body["to"])
            if to not in booth.rooms:
                return booth
            return booth.with_console(person, replace(booth.consoles[person], to=to))
        case "on_air":
            person = str(body["person"])
            console = replace(booth.consoles[person], on_air=bool(body["on"]), cough_until=None)
            return booth.with_console(person, console)
    return booth
