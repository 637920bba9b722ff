"""What a booth's state means for ears, eyes and lamps: gains, pictures, who spoke last."""

from __future__ import annotations

from interpreter.levels import ramp_s
from interpreter.routing import Room, Voice, gains
from signaling.booth import PICTURE, Booth, SitePlan
from signaling.booth_view import Proposal
from signaling.effects import Gain, View
from signaling.phases import Phase
from signaling.seats import feed, interpreter, room


def rooms(booth: Booth) -> tuple[Room, ...]:
    """The rooms as the matrix sees them."""
    return tuple(
        Room(
            room(booth.plan.booth, site),
            site,
            settings.muted,
            settings.volume_db,
            feed(booth.plan.booth, site) if booth.feed_chair(site).carries("audio") else None,
            tuple(str(display.seat) for display in booth.displays(site)),
        )
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
    """Each room sees the other one on its own screen's pixels, framed as the other one wishes; only while live.

    Its displays see the same, made for them: only a page gives a picture its size and framing by itself. A room is
    seen through its feed's camera while that carries, else through its own. Nobody sees anybody while the machine
    leaves pictures out.
    """
    if booth.phase is not Phase.LIVE or PICTURE in booth.shed:
        return ()
    return tuple(
        View(eye, _camera(booth, source.id), viewer.width, viewer.height, booth.rooms[source.id].framing.value, exact)
        for viewer in booth.plan.sites
        for source in booth.plan.sites
        if source is not viewer and not booth.rooms[source.id].camera_off
        for eye, exact in _eyes(booth, viewer)
    )


def _eyes(booth: Booth, site: SitePlan) -> tuple[tuple[str, bool], ...]:
    """Who looks at a site's pictures, and whether the picture itself has to have the screen's pixels."""
    page = room(booth.plan.booth, site.id), site.scaled
    return page, *((str(each.seat), True) for each in booth.displays(site.id))


def speakers(booth: Booth) -> tuple[str, ...]:
    """The sites that are speaking and heard: a muted room is no speaker, and nobody is outside a live consultation."""
    if booth.phase is not Phase.LIVE:
        return ()
    return tuple(each.site for each in rooms(booth) if each.mouth in booth.speaking and not each.muted)


def _camera(booth: Booth, site: str) -> str:
    chair = booth.feed_chair(site)
    return str((chair if chair.carries("video") else booth.room_chair(site)).seat)


def proposal(booth: Booth) -> Proposal | None:
    """Turn the direction? Proposed to whoever is on air, else to the first interpreter who is there."""
    consoles = booth.consoles
    working = [person for person, console in consoles.items() if console.on_air]
    working += [person for person in consoles if booth.interpreter_chair(person).present]
    if not working or booth.last_speaker is None or booth.last_speaker != consoles[working[0]].to:
        return None
    return Proposal(booth.last_speaker, booth.other_site(booth.last_speaker))
