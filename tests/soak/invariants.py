"""What must be true of every booth in every second, whatever else goes wrong: judged by what everybody heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.support.weather.attendee import Notes
from tests.support.weather.tones import Span

LEAK_S = 0.3
"""Shorter ones are smeared over neighbouring tones by stretching and seams."""
UNDER_WAY_S = 1.0
"""What was said before something changed is heard for so long; 80 ms there and back, and playout."""
TOGETHER_S = 0.5
"""Two interpreters may be heard together for so long: one fades out while the other begins."""


@dataclass(frozen=True, slots=True)
class Who:
    """A participant as far as it can be heard: `interprets` by that name, or is a room."""

    name: str
    booth: str
    hz: int
    interprets: str | None = None


def wrongs(everybody: Sequence[Who], notes: Mapping[str, Notes]) -> list[str]:
    """What nobody may ever hear and was heard, by name of the listener.

    Nobody hears himself; nobody hears another booth; rooms never hear two interpreters together.
    """
    found: list[str] = []
    by_name = {who.name: who for who in everybody}
    for name, noted in notes.items():
        me = by_name[name]
        for other in everybody:
            longest_s = max((end - start for start, end in noted.heard.get(other.hz, ())), default=0.0)
            if other is me and longest_s > LEAK_S:
                found.append(f"{name} hears itself for {longest_s:.2f} s")
            if other.booth != me.booth and longest_s > LEAK_S:
                found.append(f"{name} hears {other.name} of another booth for {longest_s:.2f} s")
        voices = [noted.heard.get(each.hz, []) for each in everybody if each.booth == me.booth and each.interprets]
        together_s = max(
            (_overlap_s(one, other) for at, one in enumerate(voices) for other in voices[:at]), default=0.0
        )
        if me.interprets is None and together_s > TOGETHER_S:
            found.append(f"{name} hears two interpreters together for {together_s:.2f} s")
    found += _states(everybody, notes)
    return found


def _states(everybody: Sequence[Who], notes: Mapping[str, Notes]) -> list[str]:
    """Of the microphones one at a time is open, and a seat has one holder."""
    found: list[str] = []
    for name, noted in notes.items():
        booth = next(who.booth for who in everybody if who.name == name)
        voices = [who.interprets for who in everybody if who.booth == booth and who.interprets]
        open_ones = [voice for voice in voices if noted.on_air(voice)]
        if len(open_ones) > 1:
            found.append(f"{name} is told that {' and '.join(open_ones)} are on air")
    holders: dict[tuple[str, int], str] = {}
    for name, noted in notes.items():
        if noted.seat is not None and noted.generation is not None:
            other = holders.setdefault((noted.seat, noted.generation), name)
            if other != name:
                found.append(f"{name} and {other} both hold {noted.seat}, generation {noted.generation}")
    return found


def overheard(everybody: Sequence[Who], notes: Mapping[str, Notes], off_since_s: Mapping[str, float]) -> list[str]:
    """Interpreters, by name with the instant since which they are off air, whom a room heard after that."""
    return [
        f"{me.name} hears {other.name}, who is off air, until {end - off_since_s[other.name]:.2f} s after"
        for me in everybody
        for other in everybody
        if me.booth == other.booth and me.interprets is None and other.name in off_since_s and me.name in notes
        for start, end in notes[me.name].heard.get(other.hz, ())
        if end > off_since_s[other.name] + UNDER_WAY_S and end - start > LEAK_S
    ]


def missing(everybody: Sequence[Who], notes: Mapping[str, Notes], booth: str, from_s: float) -> list[str]:
    """Who ought to have been heard by whom from then on in a booth where nothing is wrong, and was not."""
    found: list[str] = []
    for me in everybody:
        if me.booth != booth:
            continue
        for other in everybody:
            noted = notes[me.name]
            on_air = other.interprets is None or noted.on_air(other.interprets)
            if other.booth != booth or other is me or not on_air:
                continue
            if not any(end >= from_s for _, end in noted.heard.get(other.hz, ())):
                found.append(f"{me.name} does not hear {other.name}")
    return found


def _overlap_s(one: Sequence[Span], other: Sequence[Span]) -> float:
    return max((min(a[1], b[1]) - max(a[0], b[0]) for a in one for b in other), default=0.0)
