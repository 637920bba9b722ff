"""What a welcome tells of the event: the machine says who gets which seat, the event file says what that means."""

from __future__ import annotations

from datetime import UTC, datetime

from server.event import Booth, Event, Site
from signaling.booth import Plan, SitePlan
from signaling.effects import Admit
from signaling.loopback import Loopback
from signaling.permissions import MEDIA
from signaling.seats import Role, Seat
from signaling.welcome import EventCard, IceServer, MediaWish, PersonCard, PlaceCard, SiteCard, Welcome


def plan_of(event: Event, booth: Booth) -> Plan:
    """What the machine has to know of a booth."""
    sites = tuple(site_plan_of(site) for site in event.sites)
    return Plan(booth.id, sites, booth.interpreters, event.start == "automatic")


def site_plan_of(site: Site) -> SitePlan:
    """What a machine has to know of a site."""
    return SitePlan(site.id, site.screen.width_px, site.screen.height_px, scaled=site.output == "scaled")


def welcome(
    event: Event, booth: Booth, seat: Seat, admit: Admit, ice_servers: tuple[IceServer, ...], now: datetime
) -> Welcome:
    """The welcome to a seat of a booth; `now` is aware."""
    audio, video = MEDIA[seat.role]
    width, height = _far_screen(event, seat) if video is not None else (0, 0)
    return Welcome(
        seat=admit.seat,
        generation=admit.generation,
        resume=admit.resume,
        role=seat.role.value,
        booth=booth.id,
        site=seat.site,
        person=seat.person,
        language=language_of(event, seat),
        languages=event.languages,
        media=MediaWish(audio, video, width, height),
        event=EventCard(event.id, event.title),
        place=PlaceCard(booth.id, booth.name, booth.company, booth.product),
        sites=_sites(event, booth),
        interpreters=tuple(_person(event, person) for person in booth.interpreters),
        ice_servers=() if (audio, video) == (None, None) else ice_servers,
        now=_clock(now),
    )


def loopback_welcome(
    event: Event, seat: Seat, place: Loopback, admit: Admit, ice_servers: tuple[IceServer, ...], now: datetime
) -> Welcome:
    """The welcome to a private test place; `seat` is what the client's link is good for."""
    booth = None if seat.booth is None else event.booth(seat.booth)
    video = "sendrecv" if place.with_picture else None
    width, height = (place.site.width, place.site.height) if place.with_picture else (0, 0)
    return Welcome(
        seat=admit.seat,
        generation=admit.generation,
        resume=admit.resume,
        role=Role.LOOPBACK.value,
        booth=seat.booth,
        site=place.site.id,
        person=seat.person,
        language=language_of(event, seat),
        languages=event.languages,
        media=MediaWish("sendrecv", video, width, height),
        event=EventCard(event.id, event.title),
        place=None if booth is None else PlaceCard(booth.id, booth.name, booth.company, booth.product),
        sites=_sites(event, booth),
        interpreters=(),
        ice_servers=ice_servers,
        now=_clock(now),
    )


def language_of(event: Event, seat: Seat) -> str:
    """A room and an operator speak their site's language, an interpreter their first one, a technician the event's."""
    if seat.site is not None:
        return event.site(seat.site).language
    if seat.role is Role.INTERPRETER and seat.person is not None:
        return event.interpreter(seat.person).languages[0]
    return event.languages[0]


def _far_screen(event: Event, seat: Seat) -> tuple[int, int]:
    far = next(site for site in event.sites if site.id != seat.site)
    return far.screen.width_px, far.screen.height_px


def _sites(event: Event, booth: Booth | None) -> tuple[SiteCard, ...]:
    return tuple(
        SiteCard(
            id=site.id,
            name=site.name,
            people={} if booth is None else booth.people.get(site.id, {}),
            language=site.language,
            second_language=site.second_language,
            time_zone=site.time_zone,
            width=site.screen.width_px,
            height=site.screen.height_px,
        )
        for site in event.sites
    )


def _person(event: Event, person: str) -> PersonCard:
    return PersonCard(person, event.interpreter(person).name)


def _clock(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
