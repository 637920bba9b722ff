"""What a booth's state means for ears, eyes and lamps: gains, pictures, who spoke last."""

from __future__ import annotations

from dataclasses import replace

from interpreter import turns
from interpreter.levels import ramp_s
from interpreter.routing import Room, Voice, gains
from signaling.booth import Booth
from signaling.booth_view import Proposal
from signaling.effects import Gain, View
from signaling.phases import Phase
from signaling.seats import interpreter, room


def rooms(booth: Booth) -> tuple[Room, ...]:
    """The rooms as the matrix sees them."""
    return tuple(
        Room(room(booth.plan.booth, site), site, settings.muted, settings.volume_db)
        for site, settings in booth.rooms.items()
    )


def voices(booth: Booth) -> tuple[Voice, ...]:
    """The interpreters as the matrix sees them."""
    return tuple(
        Voice(
            interpreter(booth.plan.booth, person),
            booth.other_site(console.to),
            console.to,
            console.on_air,
            console.cough_until is not None,
        )
        for person, console in booth.consoles.items()
    )


def route(booth: Booth) -> tuple[Gain, ...]:
    """The gain matrix, with the ramp of each cell from what was last sent; a cell that stays keeps its ramp."""
    crossing = booth.phase is Phase.LIVE
    before = {(gain.listener, gain.source): gain for gain in booth.gains}
    sent = []
    for (listener, source), db in gains(booth.mode, rooms(booth), voices(booth), crossing=crossing).items():
        if db is None:
            continue
        old = before.get((listener, source))
        if old is not None and old.db == db:
            sent.append(old)
        else:
            sent.append(Gain(listener, source, db, ramp_s(None if old is None else old.db, db)))
    return tuple(sent)


def show(booth: Booth) -> tuple[View, ...]:
    """Each room sees the other one at its own screen's pixels, framed as the other one wishes; only while live."""
    if booth.phase is not Phase.LIVE:
        return ()
    return tuple(
        View(
            room(booth.plan.booth, viewer.id),
            room(booth.plan.booth, source.id),
            viewer.width,
            viewer.height,
            booth.rooms[source.id].framing.value,
        )
        for viewer in booth.plan.sites
        for source in booth.plan.sites
        if source is not viewer and not booth.rooms[source.id].camera_off
    )


def heard(booth: Booth, seats: frozenset[str]) -> Booth:
    """These seats are speaking now. Only a room that others hear counts as a speaker."""
    if booth.phase is not Phase.LIVE:
        return replace(booth, speaking=())
    speaking = tuple(
        site for site, settings in booth.rooms.items() if room(booth.plan.booth, site) in seats and not settings.muted
    )
    begun = [site for site in speaking if site not in booth.speaking]
    booth = replace(booth, speaking=speaking)
    if begun:
        booth = replace(booth, last_speaker=begun[0], turns=turns.spoke(booth.turns))
    elif len(speaking) == 1:
        booth = replace(booth, last_speaker=speaking[0])
    return booth


def proposal(booth: Booth) -> Proposal | None:
    """Turn the direction? Proposed to whoever is on air, else to the first interpreter who is there."""
    consoles = booth.consoles
    working = [person for person, console in consoles.items() if console.on_air]
    working += [person for person in consoles if booth.interpreter_chair(person).present]
    if not working or booth.last_speaker is None or booth.last_speaker != consoles[working[0]].to:
        return None
    return Proposal(booth.last_speaker, booth.other_site(booth.last_speaker))
