"""What a printed sheet says: the join links of one site as slips to cut out, five to a page, sorted by kind of seat."""

from __future__ import annotations

import datetime as dt
import math
import unicodedata
import zoneinfo
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from server.event import Event, Site
from server.links import Link
from signaling.seats import Role

SLIPS_PER_PAGE = 5  # 54 mm each on A4: a code of 44 mm, and one page is enough for an event of five booths
ROLES = (Role.ROOM, Role.OPERATOR, Role.INTERPRETER, Role.TECHNICIAN)

NAMES_WIDTH_MM = 130.0
NAMES_HEIGHT_MM = 31.0
LINE = 1.3  # height of a line of names, in its letters' size
LETTERS_MM = {
    "roomy": (8.5, 5.6, 4.6, 3.2),
    "full": (6.4, 4.4, 3.9, 2.8),
    "dense": (4.6, 3.3, 3.1, 2.4),
}
"""Sizes of booth, company, person and the second language, as `web/sheet.css` has them."""


@dataclass(frozen=True, slots=True)
class Said:
    """One name in the site's language and, where the site has a second one and it differs, in that."""

    text: str
    language: str
    second: str | None = None
    second_language: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """A time on a site's clock; `time` such as 09:00."""

    year: int
    month: int
    day: int
    time: str


@dataclass(frozen=True, slots=True)
class Hours:
    """When the event is open, on one site's clock."""

    site: Said
    opens: Moment
    closes: Moment


@dataclass(frozen=True, slots=True)
class Authority:
    """The certificate that a device has to trust: where it lies, its fingerprints in pairs of hexadecimal digits."""

    address: str
    sha256: tuple[tuple[str, ...], ...]
    """Four rows of eight pairs."""
    sha1: tuple[tuple[str, ...], ...]
    """Four rows of five pairs: the one that a Windows dialogue shows."""


@dataclass(frozen=True, slots=True)
class Slip:
    """One seat's link: whose it is, in words; `density` says how large the names can be."""

    seat: str
    url: str
    booth: Said | None
    company: Said | None
    person: Said | None
    density: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of slips of one role, front and back."""

    role: str
    slips: tuple[Slip, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """All pages of one site; plain values that survive JSON, as they go to the press (`server.sheet_press`)."""

    title: Said
    site: Said
    site_id: str
    language: str
    second_language: str | None
    hours: tuple[Hours, ...]
    made_at: Moment
    valid_until: Moment
    technician: str | None
    address: str
    authority: Authority | None
    pages: tuple[Page, ...]


def sheet_of(
    event: Event,
    site_id: str,
    links: Iterable[Link],
    *,
    origin: str,
    now: dt.datetime,
    expires_at: dt.datetime,
    authority: bytes | None,
) -> Sheet:
    """The sheet of a site; `links` are those of the whole event, `now` and `expires_at` aware.

    `authority`: the local authority's certificate in PEM, None where devices trust the server already.
    Raises KeyError for an unknown site, ValueError for bytes that are no certificate.
    """
    site = event.site(site_id)
    far = [other for other in event.sites if other.id != site.id]
    return Sheet(
        title=_said(event.title, site),
        site=_said(site.name, site),
        site_id=site.id,
        language=site.language,
        second_language=site.second_language,
        hours=tuple(_hours(event, own, site) for own in (site, *far)),
        made_at=_moment(now, site),
        valid_until=_moment(expires_at, site),
        technician=site.technician,
        address=f"{origin}/sheet/{site.id}",
        authority=None if authority is None else authority_of(f"{origin}/ca.crt", authority),
        pages=tuple(_pages(event, site, list(links))),
    )


def _pages(event: Event, site: Site, links: Sequence[Link]) -> Iterator[Page]:
    for role in ROLES:
        if role is Role.TECHNICIAN and site.technician is None:
            continue
        own = [link for link in links if link.seat.role is role and link.seat.site in {None, site.id}]
        slips = tuple(_slip(event, site, link) for link in own)
        for first in range(0, len(slips), SLIPS_PER_PAGE):
            yield Page(role.value, slips[first : first + SLIPS_PER_PAGE])


def _slip(event: Event, site: Site, link: Link) -> Slip:
    booth = company = person = None
    if link.seat.booth is not None:
        table = event.booth(link.seat.booth)
        booth, company = _said(table.name, site), _said(table.company, site)
        if names := table.people.get(site.id):
            person = _said(names, site)
    if link.seat.person is not None and link.seat.role is Role.INTERPRETER:
        person = _said(event.interpreter(link.seat.person).name, site)
    if link.seat.role is Role.TECHNICIAN and site.technician is not None:
        person = Said(site.technician, site.language)
    return Slip(str(link.seat), link.url, booth, company, person, density((booth, company, person)))


def _said(names: Mapping[str, str], site: Site) -> Said:
    """Each name stands in every language of the event, so the site's own are among them."""
    text, second = names[site.language], names.get(site.second_language or "")
    if second is None or second == text:
        return Said(text, site.language)
    return Said(text, site.language, second, site.second_language)


def density(names: tuple[Said | None, Said | None, Said | None]) -> str:
    """The largest of `LETTERS_MM` in which booth, company and person, wrapped, fit the height of a slip."""
    for name, (*sizes, second_mm) in LETTERS_MM.items():
        height_mm = 0.0
        for said, size_mm in zip(names, sizes, strict=True):
            if said is not None:
                height_mm += _height(said.text, size_mm)
                height_mm += _height(said.second, second_mm) if said.second is not None else 0.0
        if height_mm <= NAMES_HEIGHT_MM:
            return name
    return name


def _height(text: str, size_mm: float) -> float:
    return max(1, math.ceil(ems(text) * size_mm / (0.92 * NAMES_WIDTH_MM))) * size_mm * LINE  # lines break at words


def ems(text: str) -> float:
    """About how wide a text is, in its letters' size: a wide letter is one, any other a little more than half."""
    letters = [letter for letter in text if not unicodedata.combining(letter)]
    return sum(1.0 if unicodedata.east_asian_width(letter) in {"W", "F"} else 0.58 for letter in letters)


def _hours(event: Event, own: Site, reader: Site) -> Hours:
    zone = zoneinfo.ZoneInfo(event.time_zone)
    opens, closes = (dt.datetime.combine(event.date, time, tzinfo=zone) for time in (event.opens, event.closes))
    return Hours(_said(own.name, reader), _moment(opens, own), _moment(closes, own))


def _moment(at: dt.datetime, site: Site) -> Moment:
    there = at.astimezone(zoneinfo.ZoneInfo(site.time_zone))
    return Moment(there.year, there.month, there.day, f"{there:%H:%M}")


def authority_of(address: str, pem: bytes) -> Authority:
    """What a device has to be shown of a certificate in PEM; raises ValueError."""
    certificate = x509.load_pem_x509_certificate(pem)
    sha256 = certificate.fingerprint(hashes.SHA256())
    sha1 = certificate.fingerprint(hashes.SHA1())  # noqa: S303 - a Windows dialogue shows no other
    return Authority(address, _rows(sha256, 8), _rows(sha1, 5))


def _rows(fingerprint: bytes, pairs: int) -> tuple[tuple[str, ...], ...]:
    shown = [f"{byte:02X}" for byte in fingerprint]
    return tuple(tuple(shown[first : first + pairs]) for first in range(0, len(shown), pairs))
