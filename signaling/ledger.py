"""Facts and the booth: a change that counts is a fact first, and a booth can be told again from its facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from interpreter.modes import Mode
from interpreter.turns import Turns
from signaling.booth import Booth, Plan, belongs, opened, put
from signaling.errors import RemoteError
from signaling.facts import Fact, FactValue
from signaling.lines import Chair
from signaling.phases import FOLLOWS_PRESENCE, Phase
from signaling.requests import Framing
from signaling.seats import Role, parse_seat

Noted = tuple[Booth, Fact]

DONE = 256
"""The commands of a booth that are remembered: clients repeat those of the last 5 s, and nobody gives 50 a second."""
RETURN_S = 5.0
"""How long after a restart a seat waits for whoever held it: clients try every 1.5 s, each time for some seconds."""


def note(booth: Booth, kind: str, by: str | None, /, **body: FactValue) -> Noted:
    """The booth in which that is true, and the fact to write before anybody acts on it."""
    epoch = booth.epoch + (kind == "phase" and body["phase"] == Phase.EMPTY)
    fact = Fact(booth.plan.booth, epoch, booth.sequence + 1, kind, {**body, "by": by})
    return apply(booth, fact), fact


def apply(booth: Booth, fact: Fact) -> Booth:
    """The booth after a fact. One that names what the event no longer has, or no longer knows, changes nothing.

    A timer is no more than told here: it runs in `Booth.turns`.
    """
    booth = replace(booth, epoch=fact.epoch, sequence=fact.sequence)
    if fact.event is not None:
        booth = obeyed(booth, fact.event)
    try:
        return _applied(booth, fact)
    except (KeyError, ValueError, RemoteError):
        return booth


def obeyed(booth: Booth, event: str) -> Booth:
    """The booth in which that command has been obeyed."""
    return replace(booth, done=(*booth.done, event)[-DONE:])


def restore(plan: Plan, facts: Iterable[Fact], at: float, now: float) -> Booth:
    """The booth as its facts left it, with nobody in it: a live consultation stays live, microphones are closed.

    Seats wait a little for those who held them. `at` is UTC, `now` the monotonic clock, both in seconds: timers have
    run on.
    """
    booth = opened(plan)
    gone: Fact | None = None
    seated: dict[str, int] = {}
    for fact in facts:
        booth = apply(booth, fact)
        if fact.kind == "timer" and fact.body.get("name") == "gone":
            gone = fact
        if fact.kind == "seat":
            seated[str(fact.body.get("seat"))] = fact.epoch
    if booth.phase in FOLLOWS_PRESENCE:
        booth = replace(booth, phase=Phase.EMPTY)
    closed = {person: replace(console, on_air=False) for person, console in booth.consoles.items()}
    booth = replace(booth, consoles=closed, chairs=_missed(booth, seated))
    if any(chair.resume for chair in booth.chairs.values()):
        booth = replace(booth, kept_until=now + RETURN_S)
    return booth if gone is None else _running(booth, gone, at, now)


def _missed(booth: Booth, seated: Mapping[str, int]) -> dict[str, Chair]:
    """In a consultation that goes on both rooms were connected, and whoever took a seat in it probably was."""
    goes_on = booth.phase in (Phase.LIVE, Phase.PAUSED)

    def is_missed(name: str, chair: Chair) -> bool:
        return bool(chair.resume) and (chair.seat.role is Role.ROOM or seated[name] == booth.epoch)

    return {
        name: replace(chair, was_connected=goes_on and is_missed(name, chair)) for name, chair in booth.chairs.items()
    }


def _running(booth: Booth, timer: Fact, at: float, now: float) -> Booth:
    """The lamps' memory of an interpreter who was cut off, for what is left of it; no longer if the clock jumped."""
    for_s = timer.body.get("for_s")
    if booth.phase is not Phase.LIVE or not isinstance(for_s, int | float):
        return booth
    left_s = min(max(for_s - (at - (at if timer.at is None else timer.at)), 0.0), for_s)
    if left_s <= 0.0:
        return booth
    return replace(booth, turns=Turns(gone=str(timer.body.get("seat")), gone_until=now + left_s))


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
        case "seat":
            seat = parse_seat(str(body["seat"]))
            if not belongs(booth.plan, seat):
                return booth
            chair = replace(
                booth.chair(str(seat)),
                generation=int(body["generation"] or 0),
                resume=str(body["resume"]),
                earlier_resume=str(body["earlier"]),
            )
            return booth.with_chair(chair)
    return booth
