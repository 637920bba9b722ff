"""The event file: who meets whom, where and when; TOML in, frozen and validated models out."""

from __future__ import annotations

import datetime as dt
import ipaddress
import math
import tomllib
import zoneinfo
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo
from pydantic_core import PydanticCustomError

from server.event_check import faults_of_sense, time_of_day
from server.event_faults import EventFaults, Fault, fault_of_syntax, faults_of_shape
from server.event_files import MAX_PICTURES, faults_of_files
from server.event_lines import lines_of

__all__ = ["Booth", "Event", "EventFaults", "Fault", "Limits", "Person", "Screen", "Site", "load"]

MAX_FILE_BYTES = 1_000_000  # an event of fifty booths is 40 kB: more is not an event file
ID_PATTERN = r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$"
LANGUAGE_PATTERN = r"^[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-[A-Z]{2})?$"  # ko, vi, en, zh-Hant


def _refuse(sentence: str) -> NoReturn:
    raise PydanticCustomError("sentence", "{sentence}", {"sentence": sentence})


def _spoken(text: str) -> str:
    if not text.strip():
        _refuse("This text is empty.")
    if any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in text):
        _refuse("This text holds a line break or another invisible control character; write it on one line.")
    return text.strip()


def _clock(value: object) -> object:
    if isinstance(value, str):
        return time_of_day(value) or _refuse(f'"{value}" is not a time of day; write it such as "09:00".')
    return value


def _day(value: object) -> object:
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            _refuse(f'"{value}" is not a date; write year, month and day, such as 2020-05-12.')
    return value


def _of_our_time(day: dt.date) -> dt.date:
    if not 2000 <= day.year < 2100:
        _refuse(f"{day} is not a day of an event; write year, month and day, such as 2020-05-12.")
    return day


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        _refuse(f'"{text}" is not a range of addresses; write it such as "203.0.113.0/24" or "2001:db8::/32".')
    return text


def _beside(value: object, info: ValidationInfo) -> object:
    """Where a file of the event lies: the text is relative to the folder that the reader gives as context."""
    if not isinstance(value, str):
        _refuse("A file is named by text between double quotes, relative to this event file.")
    folder: Path = (info.context or {}).get("folder", Path())
    return folder / value


Id = Annotated[str, Field(pattern=ID_PATTERN)]
Language = Annotated[str, Field(pattern=LANGUAGE_PATTERN)]
Text = Annotated[str, Field(max_length=200), AfterValidator(_spoken)]
Names = Mapping[Language, Text]
Clock = Annotated[dt.time, BeforeValidator(_clock)]
Day = Annotated[dt.date, BeforeValidator(_day), AfterValidator(_of_our_time)]
Network = Annotated[str, AfterValidator(_network)]
Contact = Annotated[str, Field(max_length=120), AfterValidator(_spoken)]
Beside = Annotated[Path, BeforeValidator(_beside)]
"""A file of the event: relative in the event file, absolute here, known to exist (`server.event_files`)."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Screen(_Part):
    """The big screen of a site: what can be seen of it in mm, and its pixels."""

    width_mm: int = Field(default=1000, ge=100, le=10_000)
    height_mm: int = Field(default=800, ge=100, le=10_000)
    width_px: int = Field(default=1280, ge=160, le=4096, multiple_of=2)
    height_px: int = Field(default=1024, ge=120, le=4096, multiple_of=2)


class Site(_Part):
    """One of the places that meet; `networks` are CIDR ranges that its visitors are expected to come from (a hint)."""

    id: Id
    name: Names
    language: Language
    second_language: Language | None = None
    """What the big screen says in small beneath its own language (None: the other site's); people may switch to it."""
    technician: Contact | None = None
    """Whom to call there when something does not work: a name and a telephone number, as they are printed."""
    time_zone: str
    screen: Screen = Screen()
    output: Literal["forwarded", "scaled"] = "forwarded"
    """Whether its room page frames the far picture as it comes, or the server sends it exactly the screen's pixels."""
    networks: tuple[Network, ...] = ()


class Person(_Part):
    """An interpreter, with the languages they work between."""

    id: Id
    name: Names
    languages: tuple[Language, ...] = Field(min_length=2)


class Booth(_Part):
    """One table of the event: a company, its product, the people at each site, and its interpreters by id."""

    id: Id
    name: Names
    company: Names
    product: Names
    people: Mapping[Id, Names]
    interpreters: tuple[Id, ...] = ()
    glossary: Beside | None = None
    pictures: tuple[Beside, ...] = Field(default=(), max_length=MAX_PICTURES)
    brief: Beside | None = None


class Limits(_Part):
    """What the event may grow to."""

    participants_per_booth: int = Field(default=12, ge=3, le=50)
    link_validity_hours: int = Field(default=24, ge=24, le=24 * 31)
    """A link lives at least this long after it was printed, and never ends before the event's day does."""


class Event(_Part):
    """A whole event. Every name is there in every one of `languages`; every reference is known to exist."""

    id: Id
    title: Names
    date: Day
    opens: Clock
    closes: Clock
    time_zone: str
    languages: tuple[Language, ...] = Field(min_length=1)
    start: Literal["automatic", "operator"] = "operator"
    allow_loopback: bool = False
    """Whether media may run over loopback addresses (counts only where the server itself is bound to one)."""
    sites: tuple[Site, ...] = Field(min_length=2, max_length=2)
    booths: tuple[Booth, ...] = Field(min_length=1, max_length=50)
    interpreters: tuple[Person, ...] = ()
    glossary: Beside | None = None
    """The terms of the whole event; a booth adds its own."""
    limits: Limits = Limits()

    def ends_at(self) -> dt.datetime:
        """Midnight after the event's day, in its own time zone, as an aware UTC time."""
        zone = zoneinfo.ZoneInfo(self.time_zone)
        midnight = dt.datetime.combine(self.date + dt.timedelta(days=1), dt.time(), tzinfo=zone)
        return midnight.astimezone(dt.UTC)

    def held_on(self, date: dt.date) -> Event:
        """The same event on another day: a rehearsal."""
        return self.model_copy(update={"date": date})

    def site(self, site_id: str) -> Site:
        """Raises KeyError."""
        return next((site for site in self.sites if site.id == site_id), None) or _unknown(site_id)

    def booth(self, booth_id: str) -> Booth:
        """Raises KeyError."""
        return next((booth for booth in self.booths if booth.id == booth_id), None) or _unknown(booth_id)

    def interpreter(self, person_id: str) -> Person:
        """Raises KeyError."""
        return next((person for person in self.interpreters if person.id == person_id), None) or _unknown(person_id)


def _unknown(name: str) -> NoReturn:
    raise KeyError(name)


def load(path: Path | str, folder: Path | None = None) -> Event:
    """Read and check an event file; raises `EventFaults` with every fault found, in the order of the file.

    `folder`: where the files that it names lie, if not beside it.
    """
    file = str(path)
    text = _text_of(Path(path), file)
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise EventFaults([fault_of_syntax(file, text, str(error))]) from None
    lines = lines_of(text)
    folder = folder or Path(path).absolute().parent
    event: Event | None = None
    faults: list[Fault] = []
    try:
        event = Event.model_validate(_frozen(raw), context={"folder": folder})
    except ValidationError as error:
        faults = faults_of_shape(file, lines, error.errors(include_url=False))
    already = {(fault.line, fault.key) for fault in faults}
    found = faults_of_sense(file, lines, raw) + faults_of_files(file, lines, raw, folder)
    faults += [fault for fault in found if (fault.line, fault.key) not in already]
    if event is None or faults:
        raise EventFaults(sorted(faults, key=lambda fault: fault.line if fault.line is not None else math.inf))
    return event


def _text_of(path: Path, file: str) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise EventFaults([Fault(file, None, "", "There is no such file.")]) from None
    except IsADirectoryError:
        raise EventFaults([Fault(file, None, "", "This is a folder; name the event file inside it.")]) from None
    except OSError as error:
        raise EventFaults([Fault(file, None, "", f"The file cannot be read: {error.strerror}.")]) from None
    if len(content) > MAX_FILE_BYTES:
        raise EventFaults([Fault(file, None, "", "The file is larger than 1 MB: this is no event file.")])
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        sentence = "The letters of this line are not UTF-8; save the file as UTF-8 in your editor."
        raise EventFaults([Fault(file, line, "", sentence)]) from None


def _frozen(value: Any) -> Any:
    """Lists as tuples all the way down, as the strict models want them."""
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return value
