"""What must hold between the parts of an event file: references, languages, hours, screens.

Checked on the raw tables, so that a fault of shape in one place hides none of these.
"""

from __future__ import annotations

import datetime as dt
import time
import zoneinfo
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from server.event_faults import Fault, did_you_mean, fault_at
from server.event_lines import Path
from server.settings import CHECKOUT

CITIES = CHECKOUT / "events" / "zone-of-city.txt"
ASPECT_TOLERANCE = 0.01  # a circle stays a circle within 1 %

Found = Iterator[tuple[Path, str]]


def faults_of_sense(file: str, lines: Mapping[Path, int], raw: Mapping[str, Any]) -> list[Fault]:
    """Every fault between parts; whatever has the wrong kind is skipped here (the models complain of it)."""
    found = [
        *_zones(raw),
        *_hours(raw),
        *_duplicates(raw),
        *_names(raw),
        *_site_languages(raw),
        *_screens(raw),
        *_people(raw),
        *_interpreters(raw),
        *_crowding(raw),
    ]
    return [fault_at(file, lines, path, sentence) for path, sentence in found]


def _tables(raw: Mapping[str, Any], section: str) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    entries = raw.get(section)
    for position, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield (section, position), entry


def _ids(raw: Mapping[str, Any], section: str) -> list[str]:
    return [entry["id"] for _, entry in _tables(raw, section) if isinstance(entry.get("id"), str)]


def _words(value: object) -> list[str]:
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


def _zones(raw: Mapping[str, Any]) -> Found:
    places = [((), raw), *_tables(raw, "sites")]
    known = zoneinfo.available_timezones()
    if not known:
        yield ("time_zone",), "This machine has no table of time zones; install its package tzdata."
        return
    for path, place in places:
        zone = place.get("time_zone")
        if isinstance(zone, str) and zone not in known:
            city = zone.rsplit("/", 1)[-1].strip().lower().replace(" ", "_")
            near = zone_of_city().get(city) or next(iter(get_close_matches(zone, known, n=1)), None)
            hint = f' Did you mean "{near}"?' if near else ' Write it such as "Asia/Seoul".'
            yield (*path, "time_zone"), f'There is no time zone "{zone}".{hint}'


@cache
def zone_of_city() -> Mapping[str, str]:
    """People write the city they are in; the zone database knows the city that its maintainers chose."""
    rows = (row.split() for row in CITIES.read_text(encoding="utf-8").splitlines() if not row.startswith("#"))
    return {row[0]: row[1] for row in rows if len(row) == 2}


def _hours(raw: Mapping[str, Any]) -> Found:
    opens, closes = (time_of_day(raw.get(key)) for key in ("opens", "closes"))
    if opens is not None and closes is not None and closes <= opens:
        yield ("closes",), f"The event closes at {closes:%H:%M}, which is not after it opens at {opens:%H:%M}."


def time_of_day(value: object) -> dt.time | None:
    """A TOML time, or a text such as `09:00`; None for anything else."""
    if isinstance(value, str):
        try:
            clock = time.strptime(value, "%H:%M")
        except ValueError:
            return None
        return dt.time(clock.tm_hour, clock.tm_min)
    return value if isinstance(value, dt.time) else None


def _duplicates(raw: Mapping[str, Any]) -> Found:
    for section, kind in (("sites", "site"), ("booths", "booth"), ("interpreters", "interpreter")):
        seen: set[str] = set()
        for path, entry in _tables(raw, section):
            own = entry.get("id")
            if isinstance(own, str) and own in seen:
                yield (*path, "id"), f'Another {kind} already has the id "{own}"; every {kind} needs its own.'
            elif isinstance(own, str):
                seen.add(own)
    seen = set()
    for position, language in enumerate(_words(raw.get("languages"))):
        if language in seen:
            yield ("languages", position), f'"{language}" stands here twice; keep one of the two.'
        seen.add(language)


def _names(raw: Mapping[str, Any]) -> Found:
    languages = _words(raw.get("languages"))
    places: list[tuple[Path, object]] = [(("title",), raw.get("title"))]
    for section, keys in (
        ("sites", ("name",)),
        ("booths", ("name", "company", "product")),
        ("interpreters", ("name",)),
    ):
        places += [((*path, key), entry.get(key)) for path, entry in _tables(raw, section) for key in keys]
    for path, booth in _tables(raw, "booths"):
        people = booth.get("people")
        if isinstance(people, dict):
            places += [((*path, "people", site), names) for site, names in people.items()]
    for path, names in places:
        if not isinstance(names, dict) or not languages:
            continue
        for language in languages:
            if language not in names:
                yield (
                    (*path, language),
                    f'The text in "{language}" is missing; the event speaks {", ".join(languages)}.',
                )
        for language in names:
            if language not in languages:
                hint = did_you_mean(language, [code for code in languages if code not in names])
                yield (*path, language), f'"{language}" is not one of the event\'s languages.{hint}'


def _site_languages(raw: Mapping[str, Any]) -> Found:
    languages = _words(raw.get("languages"))
    for path, site in _tables(raw, "sites"):
        for key in ("language", "second_language"):
            language = site.get(key)
            if languages and isinstance(language, str) and language not in languages:
                hint = did_you_mean(language, languages)
                yield (*path, key), f'The site speaks "{language}", which is not one of the event\'s languages.{hint}'
        if isinstance(language := site.get("second_language"), str) and language == site.get("language"):
            yield (*path, "second_language"), f'"{language}" is the site\'s first language already; leave it out.'


def _screens(raw: Mapping[str, Any]) -> Found:
    for path, site in _tables(raw, "sites"):
        screen = site.get("screen")
        if not isinstance(screen, dict):
            continue
        sizes = [
            screen.get(key, default)
            for key, default in (("width_mm", 1000), ("height_mm", 800), ("width_px", 1280), ("height_px", 1024))
        ]
        if not all(type(size) is int and size > 0 for size in sizes):
            continue
        width_mm, height_mm, width_px, height_px = sizes
        stretch = (width_px / height_px) / (width_mm / height_mm)
        if abs(stretch - 1) > ASPECT_TOLERANCE:
            fitting = round(width_px * height_mm / width_mm / 2) * 2
            size = f"{width_mm} x {height_mm} mm with {width_px} x {height_px} pixels"
            cure = f"measure again (with {width_px} pixels across it has {fitting} down)"
            yield (*path, "screen"), f"A screen of {size} would stretch people by {abs(stretch - 1):.0%}; {cure}."


def _people(raw: Mapping[str, Any]) -> Found:
    sites = _ids(raw, "sites")
    certain = len(set(sites)) >= 2  # else the fault is with the sites, and not with everybody who names one
    for path, booth in _tables(raw, "booths"):
        people = booth.get("people")
        if not isinstance(people, dict):
            continue
        for site in sites:
            if site not in people:
                yield (*path, "people", site), f'Nobody is named for the site "{site}"; write who sits there.'
        for site in people:
            if certain and site not in sites:
                yield (*path, "people", site), f'There is no site "{site}".{did_you_mean(site, sites)}'


def _interpreters(raw: Mapping[str, Any]) -> Found:
    event_languages = _words(raw.get("languages"))
    known = {entry["id"]: entry for _, entry in _tables(raw, "interpreters") if isinstance(entry.get("id"), str)}
    needed = [
        (entry["id"], entry["language"])
        for _, entry in _tables(raw, "sites")
        if isinstance(entry.get("id"), str) and entry.get("language") in event_languages
    ]
    for path, person in _tables(raw, "interpreters"):
        for position, language in enumerate(_words(person.get("languages"))):
            if event_languages and language not in event_languages:
                hint = did_you_mean(language, event_languages)
                yield (*path, "languages", position), f'"{language}" is not one of the event\'s languages.{hint}'
    for path, booth in _tables(raw, "booths"):
        seen: set[str] = set()
        for position, own in enumerate(_words(booth.get("interpreters"))):
            at = (*path, "interpreters", position)
            if own in seen:
                yield at, f'"{own}" stands here twice; keep one of the two.'
            elif own not in known:
                yield at, f'There is no interpreter "{own}".{did_you_mean(own, known)}'
            elif spoken := _words(known[own].get("languages")):
                for site, language in needed:
                    if language not in spoken:
                        yield at, f'"{own}" does not work in "{language}", the language of {site}.'
            seen.add(own)


def _crowding(raw: Mapping[str, Any]) -> Found:
    limits = raw.get("limits")
    most = limits.get("participants_per_booth", 12) if isinstance(limits, dict) else 12
    if type(most) is not int:
        return
    rooms = len(list(_tables(raw, "sites")))
    for path, booth in _tables(raw, "booths"):
        needed = rooms + len(_words(booth.get("interpreters")))
        if needed > most:
            yield (
                (*path, "interpreters"),
                f"This booth has {needed} participants (rooms and interpreters); the limit is {most}.",
            )
