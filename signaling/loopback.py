"""A private place: one client hears its own sound and sees its own picture, to test its line before anybody waits."""

from __future__ import annotations

from dataclasses import dataclass, replace

from signaling import lines
from signaling.booth import SitePlan
from signaling.effects import Admit, Effect, Gain, Measure, Route, Send, Show, View
from signaling.errors import RemoteError
from signaling.inputs import (
    Answered,
    CandidateRefused,
    Carrying,
    Closed,
    Failed,
    Input,
    Lost,
    OfferRefused,
    PictureRefused,
    Received,
    Revoked,
)
from signaling.lines import Chair
from signaling.replies import Error
from signaling.requests import AskMeasure, Candidate, Framing, Hello, Offer, Reconnect
from signaling.seats import Role, Seat


@dataclass(frozen=True, slots=True)
class Loopback:
    """The place: its one chair, the site whose screen it tests, and whether pictures belong to the test."""

    chair: Chair
    site: SitePlan
    with_picture: bool


Change = tuple[Loopback, tuple[Effect, ...]]


def opened(name: str, site: SitePlan, *, with_picture: bool) -> Loopback:
    """A place that nobody has entered; `name` has to be one that nobody else can hold."""
    return Loopback(Chair(Seat(Role.LOOPBACK, person=name)), site, with_picture)


def step(place: Loopback, happened: Input) -> Change:
    """What becomes of the place; it ends with its socket, and then the caller closes it."""
    try:
        return _happened(place, happened)
    except RemoteError as error:
        assert isinstance(happened, Received)
        name = getattr(happened.message, "id", None)
        return place, (Send(happened.session, Error(name, error.code, error.message)),)


def _happened(place: Loopback, happened: Input) -> Change:
    match happened:
        case Received():
            return _received(place, happened)
        case Closed() | Revoked():
            return _with(place, lines.hang_up(replace(place.chair, session=None)))
        case Answered():
            return _with(place, lines.answered(place.chair, happened))
        case OfferRefused():
            return _with(place, lines.offer_refused(place.chair, happened))
        case CandidateRefused():
            return _with(place, lines.candidate_refused(place.chair, happened))
        case Carrying():
            return _with(place, lines.carrying(place.chair, happened.generation))
        case Lost():
            return _with(place, lines.lost(place.chair, happened.generation))
        case Failed():
            return _with(place, lines.failed(place.chair, happened))
        case PictureRefused():
            return _with(place, lines.picture_refused(place.chair, happened))
    return place, ()


def _received(place: Loopback, asked: Received) -> Change:
    chair, message = place.chair, asked.message
    match message:
        case Hello() | Reconnect() if chair.session is None:
            place, admitted = _seat(place, asked)
            return place, (*_mirror(place), *admitted)
        case Reconnect():
            return _seat(place, asked)
        case Offer():
            video = "sendrecv" if place.with_picture else None
            return _with(place, lines.offer(chair, message, "sendrecv", video))
        case Candidate():
            return _with(place, lines.candidate(chair, message))
        case AskMeasure():
            return place, (Measure(asked.session, message.id, str(chair.seat), chair.generation),)
    raise RemoteError("not_allowed", "A loopback test has no consultation to change.")


def _seat(place: Loopback, asked: Received) -> Change:
    generation = place.chair.generation + 1
    chair = replace(place.chair, session=asked.session, generation=generation, resume=asked.secret, offered=False)
    return replace(place, chair=chair), (Admit(asked.session, str(chair.seat), generation, asked.secret),)


def _mirror(place: Loopback) -> tuple[Effect, ...]:
    """Its own sound and picture, the picture by the way that a consultation's takes to the same screen."""
    seat, site = str(place.chair.seat), place.site
    route = Route((Gain(seat, seat, 0.0, 0.0),))
    if not place.with_picture:
        return (route,)
    return route, Show((View(seat, seat, site.width, site.height, Framing.FILL.value, site.scaled),))


def _with(place: Loopback, change: lines.Change) -> Change:
    return replace(place, chair=change[0]), change[1]
