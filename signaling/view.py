"""What everybody in a booth is told about it."""

from __future__ import annotations

from interpreter.routing import heard_by
from interpreter.turns import lamp
from signaling.booth import Booth
from signaling.booth_view import BoothView, InterpreterView, Media, SiteView
from signaling.lines import IN, Chair
from signaling.phases import Phase
from signaling.sound import proposal, rooms, voices
from signaling.thumbnails import wanted


def view(booth: Booth) -> BoothView:
    """The message `booth` as it would be sent now."""
    return BoothView(
        phase=booth.phase,
        epoch=booth.epoch,
        mode=booth.mode,
        sites={site: _site(booth, site) for site in booth.rooms},
        interpreters=_interpreters(booth),
        last_speaker=booth.last_speaker,
        proposal=proposal(booth),
        thumbnails=wanted(booth),
        shed=booth.shed,
    )


def _site(booth: Booth, site: str) -> SiteView:
    room, feed, settings = booth.room_chair(site), booth.feed_chair(site), booth.rooms[site]
    media = {_media(booth, room), _media(booth, feed)}
    live = booth.phase is Phase.LIVE
    on_air = any(console.on_air for console in booth.consoles.values())
    return SiteView(
        present=room.present or feed.present,
        media=next(each for each in (Media.CONNECTED, Media.LOST, Media.CONNECTING, Media.NONE) if each in media),
        muted=settings.muted,
        camera_off=settings.camera_off,
        volume_db=settings.volume_db,
        framing=settings.framing,
        lamp=lamp(booth.turns, site, booth.mode, live=live, on_air=on_air),
        equipment=tuple(kind for kind in ("audio", "video") if feed.carries(kind)),
        paused=tuple(each for each in room.paused if each == IN or not feed.carries("video")),
    )


def _interpreters(booth: Booth) -> dict[str, InterpreterView]:
    connected = tuple(each for each in rooms(booth) if any(booth.chair(ear).connected for ear in each.ears))
    views = {}
    for voice, (person, console) in zip(voices(booth), booth.consoles.items(), strict=True):
        chair = booth.interpreter_chair(person)
        views[person] = InterpreterView(
            present=chair.present,
            media=_media(booth, chair),
            on_air=console.on_air,
            cough=console.cough_until is not None,
            from_=voice.from_site,
            to=voice.to_site,
            heard_by=heard_by(booth.mode, voice, connected) if chair.connected else (),
        )
    return views


def _media(booth: Booth, chair: Chair) -> Media:
    """A loss is told while somebody waits for the return: of a seat that is held, or in a consultation that goes on."""
    waits = chair.present or booth.phase in (Phase.LIVE, Phase.PAUSED)
    return chair.media if waits or chair.media is not Media.LOST else Media.NONE
