"""Effects on sockets: welcomes, messages, closes, levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import structlog

from media.engine import door
from server.conductor.session import Session
from server.frames import text_frame
from signaling import effects
from signaling.messages import to_wire
from signaling.replies import Levels, Measured
from signaling.seats import Role, Seat, parse_seat
from signaling.welcome import Welcome

log = structlog.get_logger("conductor")

SEATS = 256
"""Whose names are remembered: eight booths with all their equipment have fewer; whoever was met longest ago goes."""


class Speech:
    """The sockets of one place, by session. A session that is gone is spoken to in vain, and that is no error."""

    def __init__(self, place: str, welcome: Callable[[effects.Admit, Session], Welcome]) -> None:
        self._place = place
        self._welcome = welcome
        self.sessions: dict[int, Session] = {}

    def admit(self, effect: effects.Admit) -> None:
        session = self.sessions.get(effect.session)
        if session is None:
            return
        session.seated = True
        session.outgoing.say(self._welcome(effect, session))
        log.info("seated", place=self._place, seat=effect.seat, generation=effect.generation)

    def send(self, effect: effects.Send) -> None:
        session = self.sessions.get(effect.session)
        if session is not None:
            session.outgoing.say(effect.message)

    def close(self, effect: effects.Close) -> None:
        session = self.sessions.get(effect.session)
        if session is not None:
            session.seated = False
            session.outgoing.close(effect.code)

    def levels(self, dbfs: Mapping[str, float | None]) -> None:
        """Tell everybody who is seated how loud each source is."""
        frame = text_frame(to_wire(_levels(dbfs)))
        for session in self.sessions.values():
            if session.seated:
                session.outgoing.levels(frame)

    def measured(self, effect: effects.Measure, figures: door.Measured) -> None:
        """Tell a client what was measured of its newest connection; zeros before there is one."""
        streams = [stream for stream in figures.streams if stream.seat == effect.seat]
        newest = max(streams, key=lambda stream: stream.generation, default=_NOTHING)
        message = Measured(
            effect.id,
            audio_packets=newest.audio_packets,
            audio_lost=newest.audio_lost,
            video_packets=newest.video_packets,
            video_lost=newest.video_lost,
            video_frames=newest.video_frames,
            width=newest.width,
            height=newest.height,
            tick_late_ms=figures.late_p99_ms,
        )
        self.send(effects.Send(effect.session, message))


_NOTHING = door.StreamFigures("", 0, 0, 0, 0, 0, 0, 0, 0)


@lru_cache(maxsize=SEATS)
def _seat(name: str) -> Seat:
    return parse_seat(name)


def _levels(dbfs: Mapping[str, float | None]) -> Levels:
    """By site and interpreter; of a site that equipment sends sound for, the level of that sound."""
    sites: dict[str, float | None] = {}
    interpreters: dict[str, float | None] = {}
    fed: dict[str, float | None] = {}
    for name, level in dbfs.items():
        seat = _seat(name)
        rounded = None if level is None else round(level, 1)
        if seat.role is Role.ROOM and seat.site is not None:
            sites[seat.site] = rounded
        elif seat.role is Role.FEED and seat.site is not None:
            fed[seat.site] = rounded
        elif seat.role is Role.INTERPRETER and seat.person is not None:
            interpreters[seat.person] = rounded
    for site, level in fed.items():
        sites[site] = sites.get(site) if level is None else level
    return Levels(sites, interpreters)
