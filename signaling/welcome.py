"""What the server tells a client that takes a seat: who it is, what to offer, and whom it will meet where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from signaling.fields import Fields, whole
from signaling.replies import Names


@dataclass(frozen=True, slots=True)
class MediaWish:
    """What this client has to offer (None: no m-line), and the pixels that its picture is wanted in (0 without one)."""

    audio: str | None
    video: str | None
    width: int
    height: int

    @classmethod
    def read(cls, fields: Fields) -> Self:
        directions = fields.text_or_none("audio"), fields.text_or_none("video")
        return cls(*directions, fields.count("width"), fields.count("height"))


@dataclass(frozen=True, slots=True)
class EventCard:
    """The event by id and title."""

    id: str
    title: Names

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.text("id"), _names(fields, "title"))


@dataclass(frozen=True, slots=True)
class PlaceCard:
    """The booth: what is on its door."""

    id: str
    name: Names
    company: Names
    product: Names

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.text("id"), _names(fields, "name"), _names(fields, "company"), _names(fields, "product"))


@dataclass(frozen=True, slots=True)
class SiteCard:
    """One side of the booth: its people, its languages and clock, the pixels of its screen."""

    id: str
    name: Names
    people: Names
    language: str
    second_language: str | None
    time_zone: str
    width: int
    height: int

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(
            fields.text("id"),
            _names(fields, "name"),
            _names(fields, "people"),
            fields.text("language"),
            fields.text_or_none("second_language"),
            fields.text("time_zone"),
            fields.count("width"),
            fields.count("height"),
        )


@dataclass(frozen=True, slots=True)
class PersonCard:
    """An interpreter by id and name."""

    id: str
    name: Names

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.text("id"), _names(fields, "name"))


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server as browsers want it; TURN has a name and a credential."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.texts("urls"), fields.text_or_none("username"), fields.text_or_none("credential"))


@dataclass(frozen=True, slots=True)
class Welcome:
    """The answer to `hello` and `reconnect`; `resume` later proves the same client, `now` is UTC (RFC 3339).

    `server` is another one with each start of the server: what was connected to one before is no more.
    """

    TYPE: ClassVar = "welcome"
    seat: str
    generation: int
    resume: str
    role: str
    booth: str | None
    site: str | None
    person: str | None
    language: str
    languages: tuple[str, ...]
    media: MediaWish
    event: EventCard
    place: PlaceCard | None
    sites: tuple[SiteCard, ...]
    interpreters: tuple[PersonCard, ...]
    ice_servers: tuple[IceServer, ...]
    now: str
    server: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(
            seat=fields.text("seat"),
            generation=fields.count("generation"),
            resume=fields.text("resume"),
            role=fields.text("role"),
            booth=fields.text_or_none("booth"),
            site=fields.text_or_none("site"),
            person=fields.text_or_none("person"),
            language=fields.text("language"),
            languages=fields.texts("languages"),
            media=whole(MediaWish.read, fields.object("media")),
            event=whole(EventCard.read, fields.object("event")),
            place=None if fields.is_null("place") else whole(PlaceCard.read, fields.object("place")),
            sites=tuple(whole(SiteCard.read, each) for each in fields.objects("sites")),
            interpreters=tuple(whole(PersonCard.read, each) for each in fields.objects("interpreters")),
            ice_servers=tuple(whole(IceServer.read, each) for each in fields.objects("ice_servers")),
            now=fields.text("now"),
            server=fields.text("server"),
        )


def _names(fields: Fields, name: str) -> dict[str, str]:
    return fields.each(name, Fields.text)
