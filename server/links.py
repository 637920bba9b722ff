"""Join links: one for every seat of an event, as a list, a table or a QR code."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import segno

from server.event import Event
from server.tokens import Tokens, expiry
from signaling.seats import Role, Seat

PAGES = {Role.ROOM: "room", Role.OPERATOR: "operator", Role.INTERPRETER: "interpreter", Role.TECHNICIAN: "loopback"}
TECHNICIAN = "duty"  # one technician is on duty; named ones come with their own page


@dataclass(frozen=True, slots=True)
class Link:
    """A way in: `name` says for whom, in words; booth and site are None where the role spans them."""

    seat: Seat
    name: str
    url: str
    token: str

    def as_json(self) -> dict[str, str | None]:
        """The form that `links --json` prints."""
        role, booth, site = self.seat.role.value, self.seat.booth, self.seat.site
        return {"role": role, "booth": booth, "site": site, "name": self.name, "url": self.url, "token": self.token}


def seats_of(event: Event) -> tuple[Seat, ...]:
    """Every seat of an event that has a link: by booth the rooms, operators and interpreters, then the technician."""
    return (*_booth_seats(event), Seat(Role.TECHNICIAN, person=TECHNICIAN))


def _booth_seats(event: Event) -> Iterator[Seat]:
    for booth in event.booths:
        for role in (Role.ROOM, Role.OPERATOR):
            for site in event.sites:
                yield Seat(role, booth.id, site.id)
        for person in booth.interpreters:
            yield Seat(Role.INTERPRETER, booth.id, person=person)


def links_of(event: Event, tokens: Tokens, *, origin: str, now: datetime, booth: str | None = None) -> list[Link]:
    """Fresh links, valid until the event's day is over and at least as long as the event file says.

    With `booth`, only that booth's and those that span booths.
    """
    expires_at = valid_until(event, now)
    found = []
    for seat in seats_of(event):
        if booth in {None, seat.booth} or seat.booth is None:
            token = tokens.mint(seat, now=now, expires_at=expires_at)
            found.append(Link(seat, name_of(event, seat), f"{origin}/{PAGES[seat.role]}#{token}", token))
    return found


def valid_until(event: Event, now: datetime) -> datetime:
    """When links of an event that are printed now end; `now` is aware."""
    return expiry(event.ends_at(), now, timedelta(hours=event.limits.link_validity_hours))


def name_of(event: Event, seat: Seat) -> str:
    """For whom a seat is, in English where the event speaks it, else in its first language."""
    language = "en" if "en" in event.languages else event.languages[0]
    parts = []
    if seat.role is Role.TECHNICIAN:
        parts.append("Technician")
    elif seat.person is not None:
        parts.append(event.interpreter(seat.person).name[language])
    if seat.booth is not None:
        parts.append(event.booth(seat.booth).name[language])
    if seat.site is not None:
        parts.append(event.site(seat.site).name[language])
    return ", ".join(parts)


def table(event: Event, links: Iterable[Link]) -> str:
    """The links for a terminal, by booth; each link stands whole on a line of its own, ready to be copied."""
    language = "en" if "en" in event.languages else event.languages[0]
    rows: list[str] = []
    heading: str | None = None
    for link in links:
        booth = link.seat.booth
        title = "All booths"
        if booth is not None:
            own = event.booth(booth)
            title = f"{own.name[language]} ({booth}): {own.company[language]}, {own.product[language]}"
        if title != heading:
            rows += ["", title]
            heading = title
        rows += [f"  {link.seat.role.value:<12} {_who(event, link.seat, language)}", f"    {link.url}"]
    return "\n".join(rows[1:])


def equipment_table(links: Iterable[Link]) -> str:
    """What equipment is set up with, by room: the addresses of its two doors, and the token for both."""
    rows: list[str] = []
    for link in links:
        if link.seat.role is Role.ROOM:
            origin = link.url.rpartition("/")[0]
            path = f"{link.seat.booth}/{link.seat.site}"
            rows += ["", f"{link.name} ({path})", f"  sends  {origin}/whip/{path}", f"  plays  {origin}/whep/{path}"]
            rows.append(f"  token  {link.token}")
    return "\n".join(rows[1:])


def _who(event: Event, seat: Seat, language: str) -> str:
    if seat.site is not None:
        return event.site(seat.site).name[language]
    if seat.role is Role.INTERPRETER and seat.person is not None:
        return event.interpreter(seat.person).name[language]
    return "test of camera, sound and network"


def qr_code(url: str) -> str:
    """A QR code of half-high blocks for a terminal, about 70 columns wide."""
    drawn = io.StringIO()
    segno.make(url, error="l", micro=False).terminal(drawn, compact=True)
    return drawn.getvalue()
